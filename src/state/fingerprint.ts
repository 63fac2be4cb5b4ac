/** What a filter was made of, short enough to be recorded: equal fingerprints are filters that drop the same packets. */
import { createHash, type Hash } from 'node:crypto';
import type { Image } from '../compile/image.js';
import type { Plan } from '../plan/plan.js';
import { counterRuns } from './install-record.js';
import { uncounted } from './rule-text.js';

export interface Fingerprint {
  /** SHA-256 of all but the times at which elements expire. */
  readonly digest: string;
  /** Those times, of each entry that has one: seconds since the epoch, u32, base64. */
  readonly ends: string;
}

/**
 * Of the whole: the program that is loaded, its decision list, what it knows of the devices (addresses, tags), and the rules that its counters
 * are told by.
 */
export function fingerprintOf(plan: Plan, image: Image, links: readonly unknown[], object: Uint8Array): Fingerprint {
  const hash = createHash('sha256').update(object);
  const ends: Uint32Array[] = [];
  add(hash, { macs: links, devices: plan.devices, counters: image.counters });
  for (const { family, steps, atoms } of [plan.prefilter.ip, plan.prefilter.ip6]) {
    add(hash, { family, steps });
    for (const { expires, ...atom } of atoms) {
      add(hash, atom);
      add(hash, expires === undefined ? null : Uint8Array.from(expires, (second) => Number(second > 0)));
      if (expires !== undefined) ends.push(expires.filter((second) => second > 0));
    }
  }
  const runs = counterRuns(plan);
  const counted = new Set(runs.map(({ rule }) => rule));
  const texts = plan.rules.filter(({ id }) => counted.has(id)).map(({ text }) => uncounted(text));
  hash.update(JSON.stringify({ runs, texts }));
  return { digest: hash.digest('hex'), ends: base64(ends) };
}

/** Two dumps of one timeout differ by what is rounded and by how long the tool took, seconds. */
const tolerance = 3;

export function isSameFilter(a: Fingerprint, b: Fingerprint): boolean {
  if (a.digest !== b.digest) return false;
  const [left, right] = [secondsOf(a.ends), secondsOf(b.ends)];
  return left.length === right.length && left.every((end, i) => Math.abs(end - right[i]!) <= tolerance);
}

/** Columns go in as their bytes, and by their length, so that nothing runs into what follows. */
function add(hash: Hash, value: unknown): void {
  const columns: Uint8Array[] = [];
  const text = JSON.stringify(value, (_key, each: unknown) => {
    if (!ArrayBuffer.isView(each)) return each;
    columns.push(new Uint8Array(each.buffer, each.byteOffset, each.byteLength));
    return { column: each.byteLength };
  });
  hash.update(`${text.length}\n${text}`);
  for (const column of columns) hash.update(column);
}

function base64(columns: readonly Uint32Array[]): string {
  return Buffer.concat(
    columns.map((column) => Buffer.from(column.buffer, column.byteOffset, column.byteLength)),
  ).toString('base64');
}

function secondsOf(text: string): Uint32Array {
  const bytes = Buffer.from(text, 'base64');
  return new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
