/** Goals, charts and text of following a host. */
import { barChart } from '../chart/bar-chart.js';
import { figures, sizeText } from '../chart/number-text.js';
import type { Goal, Measurement, PartResult } from '../harness/result.js';
import { table } from '../report/markdown.js';
import { goalOf, type Chart, type Page } from '../report/page.js';
import { packets, scenarios } from './names.js';

function goals(result: PartResult): Goal[] {
  const of = (subject: string): readonly Measurement[] => result.measurements.filter((one) => one.subject === subject);
  const times = (subject: string): string => sizeText(Math.max(0, ...of(subject).map(({ size }) => size ?? 0)));
  const none = (goal: string, subject: string): Goal[] =>
    goalOf(`${goal}, ${times(subject)} replacements`, 'packets', 'at most', 0, of(subject).map(({ median }) => median));
  return [...none('legitimate packets lost', packets.lost), ...none('blocked packets passed by XDP', packets.leaked)];
} // prettier-ignore

const changes: readonly string[] = [scenarios.drop, scenarios.pass, scenarios.rule];

function charts(result: PartResult): Chart[] {
  const bars = result.measurements
    .filter(({ scenario }) => changes.includes(scenario))
    .map((value) => ({ name: `${value.subject}: ${value.scenario}`, value }));
  const title = 'From a change of the host to XDP';
  const subtitle = 'Milliseconds, with the command that changes it; medians, the middle half of the samples as a line';
  const svg = barChart({ title, subtitle, x: 'ms', bars, ours: () => true });
  return bars.length === 0 ? [] : [{ file: 'watch.svg', alt: title, svg }];
}

function findings(result: PartResult): string {
  const rows = result.measurements.map((one) => {
    const many = one.samples.length > 1;
    return [
      one.scenario,
      one.size === null ? '' : sizeText(one.size),
      one.subject,
      figures(one.median),
      many ? `${figures(one.low)}–${figures(one.high)}` : '',
      many ? figures(Math.max(...one.samples)) : '',
      one.unit,
    ];
  });
  return table(['what', '', 'by, or whose', 'median', 'middle half', 'most', ''], rows, [1, 3, 4, 5]);
}

export const watchPage: Page = {
  title: 'Following a host',
  goals,
  charts,
  method: `\`offload watch --live\` follows a host in a namespace with two rules that drop what is in a set, one of nft and one of ipset. Three sources send a
datagram a millisecond each: one is legitimate, one is blocked all the time, the third comes into the sets and leaves them. A packet socket tells when packets of
a source come through XDP, for it stands behind it, and so do the counters at the head of netfilter's first chain; netfilter drops what is blocked in any case.

- _An element added_ or _removed_: from the start of the command to the last, or first, datagram of that source behind XDP. Of ipsets the kernel tells
  nothing: they are looked at once a second, as is the default.
- _A rule inserted_: one that accepts, so everything passes XDP until it has been planned for; from the first blocked datagram that passes to the last one.
- _Loaded and replaced_: a plan that was made before is loaded, some frames are run through the program, it gets a lease and takes the place of the
  one before, one after the other without a pause. _Read, planned, verified and replaced_: by \`offload watch\` at SIGHUP, which does all that besides, one
  after the other; times as it tells them. Until there are 1,000 of them a second host has its own beside, which count for the packets only.
- _Packets_: every packet of all that was sent, none sampled. Of the blocked ones those at the counters behind XDP; of the legitimate ones those that did
  not reach their receiver until the end of all replacements, also of those for inserted rules.
- _CPU with nothing to do_: of the process and the tools that it runs, without traffic, in percent of one core.
`,
  findings,
};
