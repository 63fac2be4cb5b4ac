/** Runs one part, in the mounts and the network that bench/main.ts made for it, and writes its result. Not to be started by hand. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { loadNative } from '../src/load/native.js';
import { describeMachine, commit } from './harness/machine.js';
import type { PartResult } from './harness/result.js';
import { writeResult } from './harness/write-result.js';
import { tellProgress } from './harness/progress.js';
import { parts, type PartName } from './parts.js';

/** What bench/main.ts asks for, as JSON on the command line. */
export interface Order {
  readonly part: PartName;
  readonly out: string;
  readonly rounds: number;
  readonly quick: boolean;
  readonly only: string;
  readonly against: readonly string[];
  readonly remarks: readonly string[];
}

const order = JSON.parse(process.argv[2] ?? '') as Order;
const part = parts[order.part];
/** Pins of foreign programs are of the host's bpffs: looked up before ours covers it. */
const native = loadNative();
const held = order.against.map((pin) => [pin, native.openPinned(pin)] as const);
native.mountBpffs('/sys/fs/bpf');
for (const [pin, fd] of held) {
  mkdirSync(dirname(pin), { recursive: true });
  native.pin(fd, pin);
}

const machine = describeMachine(part.packages);
const [recorded, began] = [new Date().toISOString(), performance.now()];
const remarks: string[] = [...order.remarks];
const { settings, measurements } = await part.run({
  rounds: order.rounds,
  quick: order.quick,
  only: new RegExp(order.only),
  against: order.against,
  seconds: order.quick ? 30 : part.seconds,
  tell: (text) => {
    tellProgress(order.part, text);
  },
  remark: (text) => void remarks.push(text),
});
const result: PartResult = {
  schemaVersion: 1,
  part: order.part,
  recorded,
  seconds: Math.round((performance.now() - began) / 1000),
  commit: commit(),
  full: !order.quick && order.only === '',
  machine,
  settings,
  measurements,
  goals: [],
  remarks,
};
writeResult(order.out, result);
