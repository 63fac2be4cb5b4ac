/**
 * Runs in the sending namespace, or, told `arrive`, in the receiving one. Each line of input asks for a burst of live frames, each line of
 * output answers it with nanoseconds per packet: from the making of a frame to what the receiver does with it, for both happen in one run on
 * one core.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { loadNative } from '../../src/load/native.js';
import { linkState } from '../../src/load/xdp-on-device.js';
import { packageRoot } from '../../src/load/package-root.js';
import type { Burst } from './sender.js';

const native = loadNative();
const object = readFileSync(`${packageRoot()}/build/bench/bpf/traffic.bpf.o`);
const { program, traffic, setDevice } = await (process.argv[2] === 'arrive' ? arriving() : sending());
// A test run of a program that is attached nowhere rewrites the kernel's XDP dispatcher before and after, which takes 10 ms each time
// (kernel/bpf/dispatcher.c). This namespace's loopback has no traffic.
const loopback = 1;
native.linkCreate(program, loopback, 2);

function words(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

interface Loaded {
  readonly program: number;
  /** Its map of that name. */
  readonly traffic: number;
  readonly setDevice: (ifindex: number) => void;
}

async function sending(): Promise<Loaded> {
  const { program, maps } = await native.load(object, 'send', null, []);
  const [traffic, device] = [maps['traffic'] ?? -1, maps['device'] ?? -1];
  return { program, traffic, setDevice: (ifindex) => native.updateElement(device, words(0), words(ifindex)) };
}

/** What is attached to the device natively is called as its driver would; anything else meets the frames in the stack. */
async function arriving(): Promise<Loaded> {
  const xdp = linkState('eth0')?.xdp;
  const attached = xdp?.mode === 'native' ? native.programById(xdp.programId) : null;
  let refused: unknown;
  for (const name of ['arrive_frags', 'arrive']) {
    const { program, maps } = await native.load(object, name, null, []);
    try {
      if (attached !== null) native.updateElement(maps['attached'] ?? -1, words(0), words(attached));
      return { program, traffic: maps['traffic'] ?? -1, setDevice: () => undefined };
    } catch (error) {
      refused = error;
      native.close(program);
    }
  }
  throw refused;
}

/** A UDP packet of 64 bytes on the wire to 192.0.2.1, port 9. The program sets source and checksum. */
function frameOf(): Uint8Array {
  const bytes = new Uint8Array(60);
  const view = new DataView(bytes.buffer);
  bytes.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]);
  bytes.set([0x45, 0, 0, 46, 0, 0, 0x40, 0, 64, 17, 0, 0, 0, 0, 0, 0, 192, 0, 2, 1], 14);
  view.setUint16(34, 4000);
  view.setUint16(36, 9);
  view.setUint16(38, 26);
  return bytes;
}

const bytes = frameOf();
let sum = 0;
for (let at = 14; at < 34; at += 2) sum += bytes[at + 1]! * 256 + bytes[at]!;
const frames = { bytes, ends: new Uint32Array([bytes.length]) };

async function send({ ifindex, first, sources, packets }: Burst): Promise<number> {
  setDevice(ifindex);
  native.writeMappable(traffic, 0, words(sum, first, sources - 1, Math.floor(Math.random() * 2 ** 31)));
  return (await native.liveFrames(program, ifindex, frames, packets)).nanoseconds;
}

/** Bursts of 5 ms and more, so many that the rate comes out; resolves to packets per second that were sent. */
async function flood({ rate = 0, seconds = 0, ...burst }: Burst): Promise<number> {
  const begin = performance.now();
  let sent = 0;
  for (;;) {
    const elapsed = (performance.now() - begin) / 1000;
    if (elapsed >= seconds) return sent / elapsed;
    // What cannot be made up for is not sent later: a flood does not wait for the one that it hits.
    const due = Math.min(Math.round(elapsed * rate) - sent, Math.ceil(rate / 10));
    if (due < rate / 200) {
      await new Promise((wait) => setTimeout(wait, 1));
      continue;
    }
    await send({ ...burst, packets: due });
    sent += due;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const burst = JSON.parse(line) as Burst;
  const answer = burst.rate === undefined ? await send(burst) : await flood(burst);
  process.stdout.write(`${answer}\n`);
}
