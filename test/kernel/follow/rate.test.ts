/** Thousands of transactions one after the other, as fast as nft makes them: each is told, and the cost is set against that of `nft monitor`. */
import test from 'ava';
import { once } from 'node:events';
import { processStat } from '../../../src/host/process-stat.js';
import { bundled } from '../bundle.js';
import { repository, withNamespaces } from '../namespace.js';

const transactions = 4000;

test('each of thousands of transactions is told', async (t) => {
  await withNamespaces(t, async (net) => {
    const ns = net.namespace();
    await net.exec(ns, 'nft', ['-f', '-'], { input: 'table inet t {\n set s { type ipv4_addr; }\n}\n' });
    const agent = net.start(ns, process.execPath, [
      bundled(repository, 'test/kernel/follow/rate-agent.ts'),
      `${transactions}`,
    ]);
    const ended = once(agent, 'exit');
    const monitor = net.start(ns, 'nft', ['monitor']);
    let shown = 0;
    monitor.stdout!.on('data', (chunk: Buffer) => (shown += chunk.toString('latin1').split('add element').length - 1));
    let output = '';
    await new Promise<void>((ready) =>
      agent.stdout!.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.startsWith('ready')) ready();
      }),
    );
    const lines = Array.from(
      { length: transactions },
      (_, i) => `add element inet t s { 198.18.${i >> 8}.${i & 255} }\n`,
    );
    const began = process.hrtime.bigint();
    await net.exec(ns, 'nft', ['-i'], { input: lines.join('') });
    const seconds = Number(process.hrtime.bigint() - began) / 1e9;
    await ended;
    const result = JSON.parse(output.split('\n')[1]!) as Record<
      'elements' | 'lost' | 'other' | 'cpu' | 'batches',
      number
    >;
    t.like(result, { elements: transactions, lost: 0, other: 0 });
    const monitorCpu = processStat(monitor.pid!).ownCpu;
    t.log(
      `${Math.round(transactions / seconds)} transactions a second; CPU of the follower ${result.cpu.toFixed(2)} s, of nft monitor ` +
        `${monitorCpu.toFixed(2)} s (which had shown ${shown}); ${result.batches} batches`,
    );
  });
});
