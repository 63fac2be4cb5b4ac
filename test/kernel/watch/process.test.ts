/** The process itself: killed, started again, started twice, replaced by another run, told to stop. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { addresses, quietTable } from './addresses.js';
import { type Host, withHost } from './host.js';
import { until } from './until.js';

const { good, bad, other } = addresses;

const live = ['--live', '--dev', 'eth0'];

async function followed(host: Host, ...args: string[]): Promise<ReturnType<Host['watch']>> {
  const watcher = host.watch(...live, ...args);
  await watcher.ready();
  return watcher;
}

test.serial(
  'killed: it drops until the lease has run out; started again, it adopts the filter and its counters',
  async (t) => {
    await withHost(t, async (host) => {
      await host.input(quietTable, 'nft', '-f', '-');
      const first = await followed(host, '--lease', '4');
      await host.droppedEarly(bad);
      await first.kill();
      const before = await host.status();
      t.false(before.watch?.isAlive);
      // Netfilter goes on to drop what XDP passes now.
      await host.passesXdp(bad);

      const second = await followed(host);
      await host.droppedEarly(bad);
      const after = await host.status();
      t.not(after.programId, before.programId);
      t.true(after.drops.packets > before.drops.packets, 'counters go on');
      t.true((after.rules[0]?.packets ?? 0) > (before.rules[0]?.packets ?? Infinity));
      t.is(await host.traffic.lost(good), 0, second.said);
    });
  },
);

test.serial('a second one is refused, and told who is first', async (t) => {
  await withHost(t, async (host) => {
    await host.input(quietTable, 'nft', '-f', '-');
    const first = await followed(host);
    const second = host.watch(...live);
    t.is(await second.ends(), 3);
    t.regex(second.said, /process \d+, for eth0, follows this host already/);
    t.is(first.exit, null);
    // The first is not disturbed.
    await host.run('nft', 'add', 'element', 'inet', 'own', 'quiet', `{ ${other} }`);
    await host.droppedEarly(other);
  });
});

test.serial('another run that replaces the filter is not fought: it ends with exit 3', async (t) => {
  await withHost(t, async (host) => {
    await host.input(quietTable, 'nft', '-f', '-');
    const watcher = await followed(host, '--lease', '3');
    const file = join(host.directory, 'other.v4');
    writeFileSync(file, `*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s ${other}/32 -j DROP\nCOMMIT\n`);
    const run = await host.offload(file, '--dev', 'eth0');
    t.is(run.code, 0, run.stderr);
    t.is(await watcher.ends(), 3);
    t.regex(watcher.said, /another run of offload has replaced the filter on eth0: it is not followed any more/);
    await host.droppedEarly(other);
    t.is((await host.status()).watch, null);
  });
});

test.serial('told to stop: the filter stays until its lease runs out', async (t) => {
  await withHost(t, async (host) => {
    await host.input(quietTable, 'nft', '-f', '-');
    const watcher = await followed(host, '--lease', '5');
    // By then there are two threads that plan.
    watcher.child.kill('SIGHUP');
    await watcher.says(/planned anew and replaced/);
    watcher.child.kill('SIGTERM');
    t.is(await watcher.ends(), 0);
    t.regex(
      watcher.said,
      /stopped: the filter stays on eth0 and passes everything when its lease runs out, in 5 seconds at most/,
    );
    await host.passesXdp(bad);
    const gone = await host.offload('detach', '--dev', 'eth0');
    t.is(gone.stdout, 'eth0: detached\n', gone.stderr);
  });
});

test.serial('detached by somebody else: it ends, and does not attach again', async (t) => {
  await withHost(t, async (host) => {
    await host.input(quietTable, 'nft', '-f', '-');
    const watcher = await followed(host, '--lease', '3');
    t.is((await host.offload('detach', '--dev', 'eth0')).code, 0);
    t.is(await watcher.ends(), 3);
    t.regex(watcher.said, /the filter on eth0 was detached/);
    t.notRegex(await host.run('ip', 'link', 'show', 'dev', 'eth0'), /xdp/);
  });
});

test.serial('what it cannot do is said before anything is touched', async (t) => {
  await withHost(t, async (host) => {
    for (const [args, code, message] of [
      [['--live', '--dev', 'eth9'], 3, /there is no device eth9/],
      [['--live'], 1, /name the device/],
      [['--dev', 'eth0'], 1, /name at least one RULESET/],
      [[...live, '--install-residual'], 1, /netfilter must have all of its rules then/],
      [['-', '--dev', 'eth0'], 1, /standard input cannot/],
      [[join(host.directory, 'none'), '--dev', 'eth0'], 2, /there is no such file/],
    ] as const) {
      const watcher = host.watch(...args);
      t.is(await watcher.ends(), code, watcher.said);
      t.regex(watcher.said, message);
    }
    t.notRegex(await host.run('ip', 'link', 'show', 'dev', 'eth0'), /xdp/);
  });
});

test.serial('told to stop while a tool takes its time, it ends it and does not wait for it', async (t) => {
  const tools = mkdtempSync(join(tmpdir(), 'ofl-tools-'));
  t.teardown(() => rmSync(tools, { recursive: true }));
  const [slow, pid] = [join(tools, 'slow'), join(tools, 'pid')];
  writeFileSync(
    join(tools, 'nft'),
    `#!/bin/sh\n[ -e ${slow} ] || exec /usr/sbin/nft "$@"\necho $$ >${pid}\nexec sleep 300\n`,
  );
  chmodSync(join(tools, 'nft'), 0o755);
  await withHost(
    t,
    async (host) => {
      await host.input(quietTable, 'nft', '-f', '-');
      const watcher = await followed(host);
      writeFileSync(slow, '');
      watcher.child.kill('SIGHUP');
      await until(
        () => existsSync(pid) && readFileSync(pid, 'utf8') !== '',
        () => watcher.said,
      );
      watcher.child.kill('SIGTERM');
      t.is(await watcher.ends(), 0, watcher.said);
      t.regex(watcher.said, /stopped: the filter stays on eth0/);
      t.false(existsSync(`/proc/${readFileSync(pid, 'utf8').trim()}`));
      await host.droppedEarly(bad);
    },
    { tools },
  );
});
