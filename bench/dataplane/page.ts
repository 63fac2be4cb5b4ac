/** Charts and text of the data plane. */
import { lineChart, type Line } from '../chart/line-chart.js';
import { figures, sizeText } from '../chart/number-text.js';
import type { PartResult } from '../harness/result.js';
import { table } from '../report/markdown.js';
import { measurementsOf, type Chart, type Page } from '../report/page.js';
import { dataplaneGoals } from './goals.js';

const names = [
  'IPv4 addresses',
  'IPv4 networks',
  'IPv6 addresses',
  'IPv6 networks',
  'IPv4 addresses of a set',
  'IPv4 networks of a set',
] as const;
const subjects = ['offload', 'kernel hash', 'kernel trie', 'xdp-filter'] as const;

const fileOf = (name: string): string => `dataplane-${name.toLowerCase().replaceAll(' ', '-')}.svg`;

function addressChart(result: PartResult, name: string): Chart[] {
  const lines = subjects.flatMap((subject, colour): Line[] =>
    (['hit', 'miss'] as const).map((kind) => ({
      name: `${subject}, ${kind}`,
      points: measurementsOf(result, subject, `${name}, ${kind}`),
      colour: colour === 2 ? 1 : colour === 3 ? 2 : colour,
      dashed: kind === 'miss',
    })),
  );
  const floor = result.measurements.find((one) => one.subject === 'parse only' && one.scenario === name);
  const sizes = lines.flatMap(({ points }) => points.map(({ size }) => size ?? 0));
  if (sizes.length === 0 || !floor) return [];
  const ends = [...new Set([Math.min(...sizes), Math.max(...sizes)])];
  const flat: Line = { name: 'parse only', points: ends.map((size) => ({ ...floor, size })), colour: 6 };
  return [
    {
      file: fileOf(name),
      alt: `Nanoseconds per packet over the number of sources: ${name}`,
      svg: lineChart({
        title: `Dropping by source: ${name}`,
        subtitle: 'Nanoseconds per packet, many random sources; medians, and the middle half of the samples',
        x: name.endsWith('of a set') ? 'elements of the set, one counter' : 'lines, each with a counter of its own',
        y: 'ns per packet',
        lines: [...lines, flat],
      }),
    },
  ];
}

function ruleChart(result: PartResult): Chart[] {
  const lines = ['ACL', 'FW', 'IPC'].flatMap((kind, colour): Line[] =>
    (['hit', 'miss'] as const).map((end) => ({
      name: `${kind}, ${end}`,
      points: measurementsOf(result, 'offload', `${kind} rules, ${end}`),
      colour,
      dashed: end === 'miss',
    })),
  );
  if (lines.every(({ points }) => points.length === 0)) return [];
  const svg = lineChart({
    title: 'Rules of five fields',
    subtitle: 'Nanoseconds per packet of offload, rule sets in the style of ClassBench, 65,536 random packets',
    x: 'rules',
    y: 'ns per packet',
    lines,
  });
  return [{ file: 'dataplane-rules.svg', alt: 'Nanoseconds per packet over the number of five-field rules', svg }];
}

function findings(result: PartResult): string {
  const rows = result.measurements.map((one) => [
    one.scenario,
    one.size === null ? '' : sizeText(one.size),
    one.subject,
    figures(one.median),
    `${figures(one.low)}–${figures(one.high)}`,
  ]);
  return table(['packets', 'size', 'program', 'ns', 'middle half'], rows, [1, 3, 4]);
}

export const dataplanePage: Page = {
  title: 'Data plane',
  goals: dataplaneGoals,
  charts: (result) => [...names.flatMap((name) => addressChart(result, name)), ...ruleChart(result)],
  method: `Each program runs by \`BPF_PROG_TEST_RUN\` on one core, and the kernel reports the time. A small driver program writes the next of many
keys into each packet (2²⁰ addresses, or 2¹⁶ five-tuples) and calls the measured program by a tail call; every program pays for that alike.
"Parse only" is the product's program without steps, which reads all headers; where the source decides alone, less is read, so that what it takes
over this is less than what its lookup takes. "One key" is the program without the driver, on one address that it drops. Verdicts of the first
1,024 keys are compared with what they must be. Each sample follows as many packets that are not counted, so that the caches are those of a flood
and not those of whoever was measured before.

- _addresses_: \`-s A -j DROP\` lines, each with a counter of its own. _networks_: 16 to 32 bits, six in ten /24; in IPv6 a third each of /32,
  /48 and /128. Misses are random addresses outside of the set. _mixed_: hits and misses in random order.
- _kernel hash_ and _kernel trie_ (LPM): what one would write by hand, without counters or checks. _xdp-filter_: as Debian ships it, for up to
  10,000 addresses, which is what its maps hold; attached without its dispatcher, which makes it faster.
- _ACL, FW, IPC rules_: generated in the style of ClassBench ([generator](../../bench/dataplane/rule-set.ts)), not from its seed files; one rule
  in eight accepts. Planned and compiled from iptables text, as the command does it. Hits are packets of
  rules picked at random, misses mix the addresses of two rules.
- _sample_: rulesets of samples/, packets of random sources to one port; parsing alone is that of _rules_. _Rows of bits_: as if the
  decisions for all combinations of classes did not fit ([why](../../src/compile/README.md)).

Limits: a test run has no network card, and its packet is in the cache. What a driver and the memory for packets cost comes on top, for every
program alike.
`,
  findings,
};
