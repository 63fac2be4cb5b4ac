/** Single datagrams with a name, where they get to without any rule, and what XDP may do with them. */
import type { ExecutionContext } from 'ava';
import { notesOf } from '../differential/compare.js';
import { stamp } from '../differential/frame.js';
import type { FirewallCase } from '../differential/firewall-case.js';
import { ipOffset } from '../differential/frame.js';
import type { Datagram } from '../differential/pool.js';
import { runCase, type CaseOptions, type CaseReport } from '../differential/run-case.js';
import { withNamespaces, type Net } from '../namespace.js';

/** The last hook that saw it; `early`: held or lost within prerouting. */
export type Place = 'nowhere' | 'early' | 'prerouting' | 'input' | 'forward';

/** Frames of one datagram, in order. */
export interface Named {
  readonly name: string;
  readonly frames: readonly Uint8Array[];
}

export const datagramsOf = (named: readonly Named[]): Datagram[] =>
  named.map(({ name, frames }, at) => {
    for (const frame of frames) stamp(frame, at + 1);
    return { index: at + 1, version: ipOffset(frames[0] as Uint8Array)?.version ?? 4, shape: name, frames };
  });

export function placeOf(notes: readonly string[]): Place {
  for (const place of ['forward', 'input', 'prerouting', 'early'] as const) {
    if (notes.some((note) => note.startsWith(`${place} `))) return place;
  }
  return 'nowhere';
}

export interface TrapRun {
  readonly report: CaseReport;
  /** By name: where the original let it get to with the legacy and the nft back end ("input" or "input, nft prerouting"). */
  readonly places: Readonly<Record<string, string>>;
  /** By name: XDP's verdicts before any flow exists, "drop" or "pass", one a frame. */
  readonly verdicts: Readonly<Record<string, string>>;
}

type Prepare = (net: Net) => CaseOptions['prepare'];

/** Runs the datagrams through original and split; whatever the suite finds fails the test. */
export async function runTraps(
  t: ExecutionContext,
  firewall: FirewallCase,
  named: readonly Named[],
  options: Partial<CaseOptions> = {},
  prepare?: Prepare,
): Promise<TrapRun> {
  const datagrams = datagramsOf(named);
  const report = await withNamespaces(t, (net) => {
    const hook = prepare?.(net);
    return runCase(net, firewall, {
      seed: 1,
      frames: 0,
      flows: [],
      datagrams,
      ...options,
      ...(hook && { prepare: hook }),
    });
  });
  t.is(
    report.findings.length,
    0,
    [
      ...report.findings.map(({ kind, backend, text }) => `${kind} [${backend}] ${text}`),
      `rules: ${JSON.stringify(report.reply.rules)}`,
      `facts: ${JSON.stringify(report.reply.facts)}`,
    ].join('\n'),
  );
  const places = datagrams.map((datagram): [string, string] => {
    const [first, nft = first] = report.runs.map((run) => placeOf(notesOf(run.original, datagram)));
    return [datagram.shape, first === nft ? String(first) : `${first}, nft ${nft}`];
  });
  const verdicts = datagrams.map((datagram, at): [string, string] => [
    datagram.shape,
    (report.runs[0]?.verdicts[at] ?? []).map((verdict) => (verdict === 1 ? 'drop' : 'pass')).join(' '),
  ]);
  return { report, places: Object.fromEntries(places), verdicts: Object.fromEntries(verdicts) };
}

/** An iptables-save dump of these rules by table; policies accept. */
export function dump(tables: Readonly<Record<string, readonly string[]>>): string {
  const chains: Readonly<Record<string, readonly string[]>> = {
    raw: ['PREROUTING', 'OUTPUT'],
    mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
    nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
    filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  };
  return Object.entries(tables)
    .map(([table, rules]) =>
      [`*${table}`, ...(chains[table] ?? []).map((chain) => `:${chain} ACCEPT [0:0]`), ...rules, 'COMMIT', ''].join(
        '\n',
      ),
    )
    .join('');
}

export const firewallOf = (name: string, v4: string | null, v6: string | null, forwarding = true): FirewallCase => ({
  name,
  v4,
  v6,
  sets: null,
  nft: null,
  forwarding,
});
