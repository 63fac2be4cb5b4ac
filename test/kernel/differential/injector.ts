/** Runs in the sender's namespace: `injector.ts FRAMES IFINDEX…` sends the frames on each device in turn. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { loadNative } from '../../../src/load/native.js';
import { batchOf, splitFrameFile } from './frame-file.js';

/** A veth with XDP queues 256 frames and drops what comes faster than NAPI takes it: send less at a time. */
const burst = 64;

const [file = '', ...devices] = process.argv.slice(2);
const frames = splitFrameFile(readFileSync(file));
const native = loadNative();
for (let at = 0; at < frames.length; at += burst) {
  const batch = batchOf(frames.slice(at, at + burst));
  for (const device of devices) await native.sendFrames(Number(device), batch);
  await pause(1);
}
await pause(50);
