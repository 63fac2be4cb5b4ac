/**
 * Runs in the namespace of the host: plans once for what is there, and on each line of input replaces the filter by another one of that plan, with
 * all that belongs to it: loading, frames for one rule through it, a lease, the record, the link. Each line of output is its milliseconds.
 */
import { createInterface } from 'node:readline';
import { attach } from '../../src/cli/attach.js';
import { readInputs } from '../../src/cli/inputs.js';
import { planInputs } from '../../src/cli/pipeline.js';
import { Progress } from '../../src/cli/progress.js';
import { detach } from '../../src/load/detach.js';
import { openLease } from '../../src/load/lease.js';
import type { LoadedImage } from '../../src/load/load-image.js';
import { loadNative } from '../../src/load/native.js';

const [bpffs = '', state = ''] = process.argv.slice(2);
const native = loadNative();
const progress = new Progress();
const dev = ['eth0'];
const { read, facts } = readInputs([], { live: true, dev, maxInput: 2 ** 26, state });
if (facts === null) throw new Error('bug: the facts of this host were not read');
const planned = planInputs(read, { dev, facts, conntrack: true, leased: true, follow: true }, progress);

async function lend({ maps }: LoadedImage): Promise<void> {
  const lease = openLease(native, maps.control);
  lease.renew(60);
  lease.close();
}

for await (const line of createInterface({ input: process.stdin })) {
  const began = performance.now();
  if (line === 'detach') await detach(native, bpffs, 'eth0');
  else await attach(planned, facts, { mode: 'native', bpffs, state, verifiedRules: 1 }, progress, lend);
  process.stdout.write(`${performance.now() - began}\n`);
}
