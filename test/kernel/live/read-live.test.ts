/** Reading the rulesets of a running namespace: both back ends of iptables, nft and ipset, in one go. */
import { chmodSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import test, { type ExecutionContext } from 'ava';
import hostSchema from '../../../src/cli/host-file.schema.json' with { type: 'json' };
import snapshotSchema from '../../../src/cli/snapshot.schema.json' with { type: 'json' };
import { command } from '../../command.js';
import { type Finished, type Net, systemPath, withNamespaces } from '../namespace.js';

interface Host {
  readonly net: Net;
  readonly ns: string;
  readonly run: (command: string, ...args: string[]) => Promise<Finished>;
  readonly offload: (args: readonly string[]) => Promise<Finished>;
}

async function withHost(t: ExecutionContext, body: (host: Host) => Promise<void>): Promise<void> {
  await withNamespaces(t, async (net) => {
    const [ns, peer] = [net.namespace('host'), net.namespace('peer')];
    net.veth(ns, 'eth0', peer, 'up0');
    await net.exec(ns, 'ip', ['addr', 'add', '192.0.2.25/24', 'dev', 'eth0']);
    const run: Host['run'] = (command, ...args) => net.exec(ns, command, args);
    const offload: Host['offload'] = (args) =>
      net.exec(ns, process.execPath, [command, ...args], { mayFail: true, timeout: 600_000 });
    await body({ net, ns, run, offload });
  });
}

const everything = async ({ net, ns, run }: Host): Promise<void> => {
  await run('iptables-legacy', '-A', 'INPUT', '-s', '198.18.0.1', '-j', 'DROP');
  await run('ipset', 'create', 'bad', 'hash:ip');
  await run('ipset', 'add', 'bad', '198.18.0.9');
  await run('iptables-nft', '-A', 'INPUT', '-s', '198.18.0.2', '-j', 'DROP');
  await run('iptables-nft', '-A', 'INPUT', '-m', 'set', '--match-set', 'bad', 'src', '-j', 'DROP');
  await run('ip6tables-nft', '-A', 'INPUT', '-s', '2001:db8::2', '-j', 'DROP');
  await net.exec(ns, 'nft', ['-f', '-'], {
    input: 'table inet own { chain in { type filter hook input priority 10; ip saddr 198.18.0.3 counter drop\n }\n }\n',
  });
};

interface PlanJson {
  readonly inputs: readonly { file: string; format: string; rules: number; sets: number }[];
  readonly rules: readonly { id: string; offload: string; file: string; line: number }[];
}

test('both back ends of iptables, nft and ipset are read and told apart', async (t) => {
  await withHost(t, async (host) => {
    await everything(host);
    const { code, stdout, stderr } = await host.offload(['--live', '--format', 'json']);
    t.is(code, 0, stderr);
    const plan = JSON.parse(stdout) as PlanJson;
    t.deepEqual(
      plan.inputs.map(({ file, format }) => [file, format]),
      [
        ['live:iptables-legacy-save', 'iptables-save'],
        ['live:iptables-nft-save', 'iptables-save'],
        ['live:ip6tables-nft-save', 'ip6tables-save'],
        ['live:nft', 'nft'],
        ['live:ipset', 'ipset'],
      ],
    );
    // Each rule once: what nft lists of iptables-nft's tables is not read twice.
    t.deepEqual(
      plan.rules.map(({ id, file }) => [id, file]),
      [
        ['ip filter@legacy INPUT 1', 'live:iptables-legacy-save'],
        ['ip filter INPUT 1', 'live:iptables-nft-save'],
        ['ip filter INPUT 2', 'live:iptables-nft-save'],
        ['ip6 filter INPUT 1', 'live:ip6tables-nft-save'],
        ['inet own in 1', 'live:nft'],
      ],
    );
    t.true(
      plan.rules.every(({ offload }) => offload !== 'none'),
      stdout,
    );
  });
});

test('reading loads no legacy tables, and a host without rules is no error', async (t) => {
  await withHost(t, async ({ run, offload }) => {
    const { code, stderr, stdout } = await offload(['--live']);
    t.is(code, 0, stderr);
    t.regex(stdout, /There are no rules/);
    t.is((await run('cat', '/proc/net/ip_tables_names')).stdout, '');
    t.is((await run('cat', '/proc/net/ip6_tables_names')).stdout, '');
  });
});

test('a ruleset that may be there and cannot be read is a refusal', async (t) => {
  await withHost(t, async (host) => {
    await everything(host);
    const folder = host.net.directory();
    const tools = ['nft', 'iptables-nft-save', 'ip6tables-nft-save', 'iptables-legacy-save', 'ipset', 'ethtool'];
    for (const tool of tools) copyFileSync(join('/usr/sbin', tool), join(folder, tool));
    chmodSync(folder, 0o755);
    /** With these tools in /usr/sbin and no others, in a mount namespace of its own. */
    const without = async (name: string): Promise<Finished> => {
      rmSync(join(folder, name));
      const words = [command, '--live', '--format', 'json'];
      const script = 'mount --bind "$1" /usr/sbin && shift && exec "$@"';
      const args = ['-m', 'sh', '-c', script, 'sh', folder, process.execPath, ...words];
      const finished = await host.net.exec(host.ns, 'unshare', args, { mayFail: true, timeout: 600_000 });
      copyFileSync(join('/usr/sbin', name), join(folder, name));
      return finished;
    };
    const nft = await without('nft');
    t.is(nft.code, 3, nft.stderr);
    t.regex(nft.stderr, /may hold nft tables.*`nft`.*not installed.*\n.*install nftables/);
    const legacy = await without('iptables-legacy-save');
    t.is(legacy.code, 3, legacy.stderr);
    t.regex(legacy.stderr, /iptables-legacy tables are in force.*install iptables/s);
    // nft lists these rules too: an extension that it cannot show stays unknown.
    const compat = await without('iptables-nft-save');
    t.is(compat.code, 0, compat.stderr);
    t.true(
      (JSON.parse(compat.stdout) as PlanJson).rules.some(
        ({ file, offload }) => file === 'live:nft' && offload === 'none',
      ),
    );
    const sets = await without('ipset');
    t.is(sets.code, 0, sets.stderr);
    t.regex(sets.stderr, /warning\[unknown-set\]/);
  });
});

test('a tool that says nothing, or breaks off, is a refusal', async (t) => {
  await withHost(t, async (host) => {
    await everything(host);
    /** Found before the system's tool of that name, which is `"$0"`. */
    const instead = async (name: string, script: string, ...args: string[]): Promise<Finished> => {
      const folder = host.net.directory();
      const file = join(folder, name);
      writeFileSync(file, `#!/bin/sh\nset -- /usr/sbin/${name} "$@"\n${script}\n`);
      chmodSync(file, 0o755);
      return host.net.exec(host.ns, process.execPath, [command, ...args], {
        mayFail: true,
        env: { PATH: `${folder}:${systemPath}` },
      });
    };
    const silent =
      /`nft list ruleset` prints nothing, and `nft -j list ruleset` does not even print its version.*\n.*command -v nft/;
    const cases: readonly (readonly [name: string, script: string, RegExp])[] = [
      ['nft', 'exit 0', silent],
      // Of a listing as text, which may be empty, and as JSON.
      [
        'nft',
        'case $2 in list) exit 0; esac; exec "$@"',
        /prints nothing, and `nft -j list ruleset` has table ip filter/,
      ],
      ['nft', '"$@" | head -n 3', /output of `nft` is not whole.*does not end with the `\}` of a table/],
      [
        'iptables-legacy-save',
        '"$@" | grep -v COMMIT',
        /`iptables-legacy-save` is not whole.*table filter has no COMMIT/,
      ],
      ['iptables-legacy-save', 'exit 0', /nothing of table filter, which the kernel has/],
      ['iptables-nft-save', '"$@" | head -c 120', /`iptables-nft-save` is not whole.*table filter has no COMMIT/],
      ['ipset', '"$@" | head -c 50', /`ipset` is not whole.*its last line has no end/],
    ];
    for (const [name, script, message] of cases)
      for (const args of [['--live'], ['snapshot', '--dev', 'eth0']]) {
        const { code, stdout, stderr } = await instead(name, script, ...args);
        t.is(code, 3, `${name}: ${script}\n${stderr}`);
        t.regex(stderr, message);
        t.is(stdout, '');
      }
    // The same that says what it should.
    t.is((await instead('nft', 'exec "$@"', '--live')).code, 0);
  });
});

test('a snapshot plans elsewhere as the host itself would', async (t) => {
  await withHost(t, async (host) => {
    await everything(host);
    const taken = await host.offload(['snapshot', '--dev', 'eth0']);
    t.is(taken.code, 0, taken.stderr);
    const snapshot = JSON.parse(taken.stdout) as {
      rulesets: { name: string; text: string }[];
      checks: { code: string }[];
    };
    const ajv = new Ajv({ allowUnionTypes: true, schemas: [hostSchema] });
    const valid = ajv.compile(snapshotSchema);
    t.true(valid(snapshot), JSON.stringify(valid.errors));
    t.true(snapshot.checks.some(({ code }) => code === 'source-routing'));
    const file = join(host.net.directory(), 'host.json');
    writeFileSync(file, taken.stdout);
    const there = await host.net.exec(host.net.namespace('elsewhere'), process.execPath, [
      command,
      file,
      '--format',
      'json',
    ]);
    const here = await host.offload(['--live', '--dev', 'eth0', '--dry-run', '--format', 'json']);
    const rules = (text: string): unknown => (JSON.parse(text) as PlanJson).rules;
    t.deepEqual(rules(there.stdout), rules(here.stdout));
    t.regex(there.stdout, /"code":"source-routing","statement":"[^"]*","status":"holds"/);
    // As facts alone, beside a ruleset of its own.
    const rules4 = join(host.net.directory(), 'rules.v4');
    writeFileSync(rules4, '*filter\n:INPUT ACCEPT\n-A INPUT -s 198.18.0.1 -j DROP\nCOMMIT\n');
    const withHostFile = await host.offload([rules4, '--host', file]);
    t.regex(withHostFile.stdout, /holds {6}forwarding is off/);

    writeFileSync(file, taken.stdout.replace('"format": "nft"', '"format": "bpf"'));
    const wrong = await host.offload([file]);
    t.is(wrong.code, 2);
    t.regex(
      wrong.stderr,
      /host\.json: no snapshot .*\n {2}\/rulesets\/\d\/format must be equal to one of the allowed values.*"nft"/,
    );
  });
});

test('a snapshot opens no other file', async (t) => {
  await withHost(t, async ({ net, offload }) => {
    const folder = net.directory();
    writeFileSync(
      join(folder, 'secret.nft'),
      'table ip secret { chain c { type filter hook input priority 0; drop\n }\n }\n',
    );
    writeFileSync(
      join(folder, 'evil.json'),
      JSON.stringify({
        snapshotVersion: 1,
        takenAt: '2026-01-01T00:00:00.000Z',
        host: { forwarding: { ip: false, ip6: false }, localRoutes: [], devices: [], ipsec: false },
        checks: [],
        rulesets: [
          { name: 'live:nft', format: 'nft', encoding: 'utf8', takenAt: 0, text: `include "${folder}/secret.nft"\n` },
        ],
      }),
    );
    const { code, stderr, stdout } = await offload([join(folder, 'evil.json')]);
    t.is(code, 2, stdout);
    t.regex(stderr, /live:nft:1:/);
    t.notRegex(stderr, /secret c/);
  });
});
