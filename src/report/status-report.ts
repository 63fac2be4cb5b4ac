/** What is attached and what it has dropped. */
import { printable, shortened } from './printable.js';
import { bytes, count, counted } from './quantity.js';
import { ruleBody } from './rule-body.js';
import type { TopSources } from '../sample/top-sources.js';
import type { TextStyle } from './text-style.js';

export interface RuleDrops {
  readonly rule: string;
  readonly text: string;
  readonly packets: bigint;
  readonly bytes: bigint;
}

export interface DeviceStatus {
  readonly device: string;
  /** Where the program of a VLAN device is: on the device it stands on; null: on the device itself. */
  readonly through: string | null;
  readonly mode: string;
  /** Somebody else's program that calls the filter; null: it is attached itself. */
  readonly calledBy: { readonly programId: number; readonly name: string; readonly index: number } | null;
  /** Somebody else's program that gets what the filter passes; null: the stack gets it. */
  readonly handsTo: { readonly programId: number; readonly name: string } | null;
  readonly programId: number;
  /** Kernel id of the map of counters: devices that were attached together share it, and so their numbers. */
  readonly counters: number;
  /** ISO 8601; null when nothing was recorded. */
  readonly attachedAt: string | null;
  /** Seconds for which it goes on to drop without being told again (negative: since it passes everything; -Infinity: it was told to); null: no lease. */
  readonly lease: number | null;
  readonly files: readonly string[];
  /** Packets that were passed to the stack. */
  readonly passed: bigint;
  readonly drops: { readonly packets: bigint; readonly bytes: bigint };
  /** Null when there is no record of which rule a counter belongs to. */
  readonly rules: readonly RuleDrops[] | null;
  /** Null: nobody follows the host for it. */
  readonly watch: WatchStatus | null;
}

/** Of `offload watch`. */
export interface WatchStatus {
  readonly pid: number;
  /** False: it has ended, and what is known of sets, rules and addresses gets old. */
  readonly isAlive: boolean;
  /** ISO 8601. */
  readonly since: string;
  readonly lastChange: { readonly at: string; readonly what: string } | null;
  /** Why everything passes; null: it does not. */
  readonly passing: string | null;
  /** Elements put in or taken out in place. */
  readonly elements: number;
  /** Filters that were attached. */
  readonly replaced: number;
  /** Seconds from a change until the filter has it, at worst so far, by what tells of changes. */
  readonly delays: readonly { readonly source: string; readonly seconds: number }[];
}

/** What may still be undone. */
export interface Pending {
  /** Until when `offload confirm` must be run, milliseconds since the epoch; null: nothing waits for it. */
  readonly confirmBy: number | null;
  /** Tables of netfilter that hold a residual. */
  readonly residualTables: readonly string[];
}

/** An earlier look, for rates. */
export interface Since {
  readonly devices: readonly DeviceStatus[];
  readonly seconds: number;
}

/** Rules with the most drops that are shown, unless all are asked for. */
const shownRules = 20;

export function statusJson(
  devices: readonly DeviceStatus[],
  { confirmBy, residualTables }: Pending,
  top: TopSources | null = null,
): string {
  const plain = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);
  const told = devices.map((status) => ({ ...status, lease: leaseJson(status.lease) }));
  const confirm = confirmBy === null ? null : new Date(confirmBy).toISOString();
  const whole = {
    schemaVersion: 1,
    devices: told,
    confirmBy: confirm,
    residualTables,
    ...(top && { topSources: top }),
  };
  return `${JSON.stringify(whole, plain, 2)}\n`;
}

const leaseJson = (left: number | null): object | null =>
  left === null ? null : { dropping: left > 0, secondsLeft: Number.isFinite(left) ? left : null };

export function* statusText(
  devices: readonly DeviceStatus[],
  pending: Pending,
  style: TextStyle,
  since: Since | null = null,
): Generator<string> {
  if (devices.length === 0) yield 'Nothing is attached.\n';
  for (const status of devices) yield* deviceText(status, style, since);
  if (pending.residualTables.length > 0)
    yield `Netfilter holds what is left in ${pending.residualTables.map(printable).join(', ')}; detach puts the original back.\n`;
  if (pending.confirmBy !== null)
    yield `${style.colors.yellow('Not confirmed')}: all of it is undone at ${moment(new Date(pending.confirmBy).toISOString())} unless \`offload confirm\` is run.\n`;
}

const moment = (iso: string): string => `${iso.slice(0, 19).replace('T', ' ')} UTC`;

const calledBy = ({ calledBy: caller }: DeviceStatus): string =>
  caller === null ? '' : `, called by program ${caller.programId} "${printable(caller.name)}" (place ${caller.index})`;

const placed = ({ through }: DeviceStatus): string => (through === null ? '' : ` on ${printable(through)}`);

const handedTo = ({ handsTo: to }: DeviceStatus): string =>
  to === null ? '' : `, hands what it passes to program ${to.programId} "${printable(to.name)}"`;

function* deviceText(status: DeviceStatus, style: TextStyle, since: Since | null): Generator<string> {
  const { colors } = style;
  const when = status.attachedAt === null ? '' : ` since ${moment(status.attachedAt)}`;
  yield `${colors.bold(printable(status.device))}: ${status.mode} XDP${placed(status)}, program ${status.programId}${calledBy(status)}${handedTo(status)}${when}\n`;
  if (status.lease !== null) yield `  ${leaseText(status.lease, style)}\n`;
  if (status.files.length > 0) yield `  made from ${status.files.map(printable).join(', ')}\n`;
  if (status.watch !== null) yield* watchText(status.watch, style);
  const { drops, passed } = status;
  const before = since?.devices.find(({ programId }) => programId === status.programId);
  const rate =
    before && since ? `, ${perSecond(drops.packets - before.drops.packets, since.seconds)} dropped per second` : '';
  yield `  dropped ${count(drops.packets)} packets (${bytes(Number(drops.bytes))}), passed ${count(passed)}${rate}\n`;
  if (status.rules === null) {
    yield '  which rules dropped them is not recorded here (see --state)\n';
    return;
  }
  yield* ruleTable(status.rules, style, before && since ? { rules: before.rules ?? [], seconds: since.seconds } : null);
}

function* watchText(watch: WatchStatus, { colors }: TextStyle): Generator<string> {
  if (!watch.isAlive) {
    yield `  ${colors.yellow('not followed any more')}: process ${watch.pid} has ended; \`offload watch\` goes on\n`;
    return;
  }
  const last = watch.lastChange === null ? '' : `, last change ${clock(watch.lastChange.at)}: ${watch.lastChange.what}`;
  yield `  followed by process ${watch.pid} since ${moment(watch.since)}${printable(last)}\n`;
  const most = Math.max(0, ...watch.delays.map(({ seconds }) => seconds));
  const slow = watch.delays.filter(({ seconds }) => seconds === most).map(({ source }) => source);
  if (watch.delays.length > 0)
    yield `  ${counted(watch.elements, 'element')} changed in place, ${counted(watch.replaced, 'plan')}; a change is in XDP within ${duration(most)} (${printable(slow.join(', '))})\n`;
  if (watch.passing !== null) yield `  ${colors.yellow('everything passes')}: ${printable(watch.passing)}\n`;
}

const clock = (iso: string): string => `${iso.slice(11, 19)} UTC`;
const duration = (seconds: number): string =>
  seconds < 1 ? `${Math.ceil(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;

function leaseText(left: number, { colors }: TextStyle): string {
  if (left === Infinity) return 'lease: without end';
  if (left > 0) return `lease: ${Math.ceil(left)} s left`;
  const why =
    left === -Infinity
      ? 'everything passes, as it was told to'
      : `lease ran out ${Math.floor(-left)} s ago: everything passes`;
  return colors.yellow(why);
}

interface Row {
  readonly rule: RuleDrops;
  readonly cells: readonly string[];
}

function* ruleTable(
  rules: readonly RuleDrops[],
  { columns, colors, all }: TextStyle,
  since: { readonly rules: readonly RuleDrops[]; readonly seconds: number } | null,
): Generator<string> {
  const earlier = new Map(since?.rules.map(({ rule, packets }) => [rule, packets]));
  const grown = ({ rule, packets }: RuleDrops): bigint => packets - (earlier.get(rule) ?? 0n);
  const by = (one: RuleDrops): bigint => (since === null ? one.packets : grown(one));
  const hit = rules
    .filter(({ packets }) => packets > 0n)
    .toSorted((a, b) => (by(a) === by(b) ? (a.packets < b.packets ? 1 : -1) : by(a) < by(b) ? 1 : -1));
  const rows = (all ? hit : hit.slice(0, shownRules)).map((rule): Row => ({
    rule,
    cells: [
      count(rule.packets),
      bytes(Number(rule.bytes)),
      ...(since === null ? [] : [perSecond(grown(rule), since.seconds)]),
    ],
  }));
  const heads = ['packets', 'bytes', ...(since === null ? [] : ['per second'])];
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map(({ cells }) => cells[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string => cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  ');
  const name = Math.max(4, ...rows.map(({ rule }) => printable(rule.rule).length));
  if (rows.length > 0) yield colors.dim(`  ${line(heads)}  rule\n`);
  for (const { rule, cells } of rows) {
    const row = `  ${line(cells)}  ${printable(rule.rule).padEnd(name)}  ${printable(ruleBody(rule.text))}`;
    yield `${shortened(row, columns)}\n`;
  }
  if (rows.length < hit.length) yield `  … and ${counted(hit.length - rows.length, 'more rule')} (--all lists them)\n`;
}

/** Packets that all devices drop in a second; null: one of them does not count, or has not been there before. */
export function droppedPerSecond(devices: readonly DeviceStatus[], since: Since): number | null {
  const before = new Map(since.devices.map(({ counters, drops }) => [counters, drops.packets]));
  // Devices that share their counters are one.
  const now = new Map(devices.map(({ counters, drops }) => [counters, drops.packets]));
  let packets = 0n;
  for (const [counters, dropped] of now) {
    const old = before.get(counters);
    if (old === undefined || dropped < old) return null;
    packets += dropped - old;
  }
  return packets === 0n ? null : Number(packets) / Math.max(since.seconds, 0.001);
}

const perSecond = (n: bigint, seconds: number): string => count(Math.round(Number(n) / Math.max(seconds, 0.001)));
