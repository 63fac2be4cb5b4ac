/** Runs in the sending namespace: rounds of live frames to each device in turn. Input: JSON on the command line; output: ns per packet. */
import { readFileSync } from 'node:fs';
import { loadNative } from '../src/load/native.js';

interface Job {
  readonly targets: readonly { readonly name: string; readonly ifindex: number }[];
  /** A power of two; 0: an address that nobody drops. */
  readonly sources: number;
  readonly packets: number;
  readonly rounds: number;
}

const job = JSON.parse(process.argv[2] ?? '') as Job;
const native = loadNative();
const object = readFileSync(new URL('../build/bpf/traffic.bpf.o', import.meta.url));
const { program, maps } = await native.load(object, 'send', null, []);

/** A UDP packet to a port that nobody listens on, 64 bytes on the wire. */
function frame(): Uint8Array {
  const bytes = new Uint8Array(60);
  const view = new DataView(bytes.buffer);
  bytes.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]);
  bytes.set([0x45, 0, 0, 46, 0, 0, 0x40, 0, 64, 17, 0, 0, 198, 18, 0, 0, 192, 0, 2, 1], 14);
  let sum = 0;
  for (let at = 14; at < 34; at += 2) sum += view.getUint16(at);
  view.setUint16(24, ~((sum & 0xffff) + (sum >>> 16)) & 0xffff);
  view.setUint16(34, 4000);
  view.setUint16(36, 9);
  view.setUint16(38, 26);
  return bytes;
}

async function send(ifindex: number): Promise<number> {
  const header = new Uint32Array([ifindex, 0xc6120000, job.sources - 1, Math.floor(Math.random() * 2 ** 31)]);
  native.writeMappable(maps['traffic'] ?? -1, 0, new Uint8Array(header.buffer));
  const one = frame();
  const { nanoseconds } = await native.liveFrames(
    program,
    ifindex,
    { bytes: one, ends: new Uint32Array([one.length]) },
    job.packets,
  );
  return nanoseconds;
}

const results: Record<string, number[]> = Object.fromEntries(job.targets.map(({ name }) => [name, []]));
for (const { ifindex } of job.targets) await send(ifindex);
for (let round = 0; round < job.rounds; round++) {
  for (const { name, ifindex } of job.targets) results[name]?.push(await send(ifindex));
}
process.stdout.write(JSON.stringify(results));
