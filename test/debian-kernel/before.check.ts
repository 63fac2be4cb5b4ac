/** Before somebody else's program: attached, replaced and taken off, with what this kernel's verifier and its arrays of programs allow. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { command } from '../command.js';
import { attackers, connect, delivered, stranger } from '../kernel/attack.js';
import { buildTheirs } from '../kernel/fixture/build.js';
import { withNamespaces } from '../kernel/namespace.js';

const [bad] = attackers;

for (const frags of [true, false])
  test.serial(`their program, ${frags ? 'for' : 'not for'} frames of several buffers`, async (t) => {
    await withNamespaces(t, async (net) => {
      const [ns, peer] = [net.namespace('host'), net.namespace('peer')];
      await connect(net, ns, peer);
      const [directory, bpffs] = [net.directory(), net.bpffs()];
      const run = async (name: string, ...args: string[]): Promise<string> => (await net.exec(ns, name, args)).stdout;
      const [theirs, maps] = [join(bpffs, 'theirs'), join(bpffs, 'maps')];
      await run('bpftool', 'prog', 'load', buildTheirs(directory, frags), theirs, 'pinmaps', maps);
      await run('bpftool', 'net', 'attach', 'xdpdrv', 'pinned', theirs, 'dev', 'eth0');
      const seen = async (): Promise<number> => {
        const entries = JSON.parse(await run('bpftool', '-j', 'map', 'dump', 'pinned', join(maps, 'seen'))) as {
          readonly value: readonly string[];
        }[];
        return Buffer.from(entries[1]!.value.map(Number)).readUInt32LE(0);
      };
      const onDevice = async (): Promise<string> =>
        /name (\w+)/.exec(await run('ip', '-d', 'link', 'show', 'dev', 'eth0'))?.[1] ?? 'none';
      const where = ['--bpffs', bpffs, '--state', join(directory, 'state')];
      const offload = (...args: string[]): Promise<string> => run(process.execPath, command, ...args, ...where);
      const file = join(directory, 'rules.v4');
      const rules = (...lines: string[]): void =>
        writeFileSync(
          file,
          `*filter\n:INPUT ACCEPT [0:0]\n${lines.map((line) => `-A INPUT ${line}\n`).join('')}COMMIT\n`,
        );
      rules(`-s ${bad} -j DROP`);
      t.regex(await offload(file, '--dev', 'eth0', '--before', theirs), /^Attached to eth0/);
      t.is(await onDevice(), 'offload_before');
      const before = await seen();
      t.deepEqual([await delivered(net, ns, peer, bad), await delivered(net, ns, peer, stranger)], [0, 5]);
      t.is((await seen()) - before, 5);
      rules(`-s ${stranger} -j DROP`);
      t.regex(await offload(file, '--dev', 'eth0', '--before', theirs), /^Replaced on eth0/);
      t.deepEqual([await delivered(net, ns, peer, bad), await delivered(net, ns, peer, stranger)], [5, 0]);
      t.is((await seen()) - before, 10);
      t.is(await offload('detach', '--dev', 'eth0'), 'eth0: detached\n');
      t.is(await onDevice(), 'theirs');
    });
  });
