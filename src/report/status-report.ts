/** What is attached and what it has dropped. */
import { printable, shortened } from './printable.js';
import { bytes, count } from './quantity.js';
import { ruleBody } from './rule-body.js';
import type { TextStyle } from './text-style.js';

export interface RuleDrops {
  readonly rule: string;
  readonly text: string;
  readonly packets: bigint;
  readonly bytes: bigint;
}

export interface DeviceStatus {
  readonly device: string;
  readonly mode: string;
  readonly programId: number;
  /** ISO 8601; null when nothing was recorded. */
  readonly attachedAt: string | null;
  readonly files: readonly string[];
  /** Packets that were passed to the stack. */
  readonly passed: bigint;
  readonly drops: { readonly packets: bigint; readonly bytes: bigint };
  /** Null when there is no record of which rule a counter belongs to. */
  readonly rules: readonly RuleDrops[] | null;
}

/** Rules with the most drops that are shown, unless all are asked for. */
const shownRules = 20;

export function statusJson(devices: readonly DeviceStatus[]): string {
  const plain = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);
  return `${JSON.stringify({ schemaVersion: 1, devices }, plain, 2)}\n`;
}

export function* statusText(devices: readonly DeviceStatus[], style: TextStyle): Generator<string> {
  if (devices.length === 0) yield 'Nothing is attached.\n';
  for (const status of devices) yield* deviceText(status, style);
}

function* deviceText(status: DeviceStatus, { colors, columns, all }: TextStyle): Generator<string> {
  const since = status.attachedAt === null ? '' : ` since ${status.attachedAt.slice(0, 19).replace('T', ' ')} UTC`;
  yield `${colors.bold(printable(status.device))}: ${status.mode} XDP, program ${status.programId}${since}\n`;
  if (status.files.length > 0) yield `  made from ${status.files.map(printable).join(', ')}\n`;
  const { drops, passed } = status;
  yield `  dropped ${count(drops.packets)} packets (${bytes(Number(drops.bytes))}), passed ${count(passed)}\n`;
  if (status.rules === null) {
    yield '  which rules dropped them is not recorded here (see --state)\n';
    return;
  }
  const hit = status.rules.filter(({ packets }) => packets > 0n).sort((a, b) => (a.packets < b.packets ? 1 : -1));
  const shown = all ? hit : hit.slice(0, shownRules);
  const number = Math.max(7, ...shown.map(({ packets }) => count(packets).length));
  const name = Math.max(4, ...shown.map(({ rule }) => printable(rule).length));
  if (shown.length > 0) yield colors.dim(`  ${'packets'.padStart(number)}  ${'rule'.padEnd(name)}\n`);
  for (const { rule, text, packets } of shown) {
    const row = `  ${count(packets).padStart(number)}  ${printable(rule).padEnd(name)}  ${printable(ruleBody(text))}`;
    yield `${shortened(row, columns)}\n`;
  }
  if (shown.length < hit.length) yield `  … and ${count(hit.length - shown.length)} more rules (--all lists them)\n`;
}
