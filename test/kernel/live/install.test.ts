/** Installing a residual and undoing it, with real rules of both back ends of iptables and of nft; killed at every step. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { command } from '../../command.js';
import { structureOf } from '../../../src/host/live/structure.js';
import { type Finished, type Net, repository, withNamespaces } from '../namespace.js';

interface Host {
  readonly net: Net;
  readonly ns: string;
  readonly state: string;
  readonly where: readonly string[];
  readonly run: (command: string, ...args: string[]) => Promise<string>;
  readonly offload: (...args: string[]) => Promise<Finished>;
  /** A run that installs and is told where to kill itself; the signal that ended it. */
  readonly killed: (options: object) => Promise<NodeJS.Signals | null>;
  /** All rules as their tools list them, without what moves. */
  readonly rules: () => Promise<string>;
  readonly attached: () => Promise<boolean>;
}

const ownTable = `table inet own {
	set quiet {
		type ipv4_addr
		elements = { 198.18.0.70 }
	}

	chain in {
		type filter hook input priority 10; policy accept;
		ip saddr 198.18.0.3 counter drop
		ip saddr @quiet counter accept
	}
}
`;

async function withHost(t: ExecutionContext, body: (host: Host) => Promise<void>): Promise<void> {
  await withNamespaces(t, async (net) => {
    const [ns, peer] = [net.namespace('host'), net.namespace('peer')];
    net.veth(ns, 'eth0', peer, 'up0');
    await net.exec(ns, 'ip', ['addr', 'add', '192.0.2.25/24', 'dev', 'eth0']);
    const state = join(net.directory(), 'state');
    const where = ['--bpffs', net.bpffs(), '--state', state];
    const run: Host['run'] = async (command, ...args) => (await net.exec(ns, command, args)).stdout;
    await run('iptables-legacy', '-A', 'INPUT', '-s', '198.18.0.1', '-j', 'DROP');
    await run('iptables-nft', '-A', 'INPUT', '-s', '198.18.0.2', '-j', 'DROP');
    await run('iptables-nft', '-A', 'INPUT', '-p', 'tcp', '--dport', '23', '-j', 'DROP');
    await run('ip6tables-nft', '-A', 'INPUT', '-s', '2001:db8::2', '-j', 'DROP');
    await net.exec(ns, 'nft', ['-f', '-'], { input: ownTable });
    const rules: Host['rules'] = async () =>
      [
        structureOf('iptables-save', await run('iptables-legacy-save')),
        structureOf('iptables-save', await run('iptables-nft-save')),
        structureOf('ip6tables-save', await run('ip6tables-nft-save')),
        structureOf('nft', await run('nft', 'list', 'table', 'inet', 'own')),
      ].join('\n');
    const attached: Host['attached'] = async () => (await run('ip', 'link', 'show', 'dev', 'eth0')).includes('xdp');
    const offload: Host['offload'] = (...args) =>
      net.exec(ns, process.execPath, [command, ...args], { mayFail: true, timeout: 600_000 });
    const killed: Host['killed'] = async (options) => {
      const fixture = join(repository, 'test/kernel/fixture/install-run.mjs');
      const args = [fixture, JSON.stringify(options)];
      return (await net.exec(ns, process.execPath, args, { mayFail: true, timeout: 600_000 })).signal;
    };
    await body({ net, ns, killed, state, where, run, offload, rules, attached });
  });
}

const install = ['--live', '--dev', 'eth0', '--install-residual'];

test('a residual is installed, carries what moved, and detach puts the original back', async (t) => {
  await withHost(t, async ({ run, offload, rules, attached, where, state }) => {
    const original = await rules();
    const done = await offload(...install, ...where);
    t.is(done.code, 0, done.stderr);
    t.regex(done.stdout, /^Attached to eth0 .*Netfilter keeps what is left in filter, filter, filter, inet own\./);
    t.is(statSync(state).mode & 0o777, 0o700);
    t.is(statSync(join(state, 'install.json')).mode & 0o777, 0o600);
    const residual = await rules();
    t.notRegex(residual, /^-A INPUT -s 198/m);
    t.regex(residual, /-A INPUT ! -i eth0 -j OFFLOAD_INPUT_1/);
    t.regex(residual, /iifname != "eth0" jump offload_in_1/);

    // Planning on this host is about the original, not about what is left of it.
    const planned = await offload('--live', '--state', state, '--format', 'json');
    t.is((planned.stdout.match(/"offload":"full"/g) ?? []).length, 4, planned.stderr);

    // Elements and counters that moved meanwhile stay.
    await run('nft', 'add', 'element', 'inet', 'own', 'quiet', '{ 198.18.0.71 }');
    const again = await offload(...install, ...where);
    t.is(again.code, 0, again.stderr);
    t.regex(again.stdout, /^Replaced on eth0/);
    t.is(await rules(), residual);

    const gone = await offload('detach', '--dev', 'eth0', ...where);
    t.is(gone.code, 0, gone.stderr);
    t.is(gone.stdout, 'netfilter has its own rules again: filter, filter, filter, inet own\neth0: detached\n');
    t.is(await rules(), original);
    t.regex(await run('nft', 'list', 'set', 'inet', 'own', 'quiet'), /198\.18\.0\.70.*198\.18\.0\.71/s);
    t.false(await attached());
    t.deepEqual(readdirSync(state), []);
  });
});

test('what others changed is never overwritten', async (t) => {
  await withHost(t, async ({ run, offload, rules, attached, where, state }) => {
    t.is((await offload(...install, ...where)).code, 0);
    await run('iptables-nft', '-A', 'INPUT', '-s', '203.0.113.9', '-j', 'DROP');
    const changed = await rules();
    const refused = await offload('detach', '--dev', 'eth0', ...where);
    t.is(refused.code, 3, refused.stderr);
    t.regex(
      refused.stderr,
      /filter \(live:iptables-nft-save\): the original is in .*original-iptables-nft-save-filter/,
    );
    t.regex(refused.stderr, /the filter stays attached.*detach --force/s);
    t.true(await attached());
    t.is(await rules(), changed, 'and the tables that nobody has changed are not restored either');
    const again = await offload(...install, ...where);
    t.not(again.code, 0, again.stdout);
    t.is(await rules(), changed);
    t.true(changed.includes('203.0.113.9'));

    const forced = await offload('detach', '--dev', 'eth0', '--force', ...where);
    t.is(forced.code, 0, forced.stderr);
    t.regex(readFileSync(join(state, 'changed-iptables-nft-save-filter'), 'utf8'), /-s 203\.0\.113\.9\/32 -j DROP/);
    t.regex(await rules(), /^-A INPUT -s 198\.18\.0\.2\/32 -j DROP$/m);
    t.false(await attached());
  });
});

test('killed at every step, the next run undoes all of it', async (t) => {
  await withHost(t, async ({ killed, offload, rules, attached, where, state }) => {
    const original = await rules();
    const [, bpffs] = where;
    for (const killAt of ['marked', 'guarded', 'restored', 'attached', 'recorded', 'swapped']) {
      t.is(await killed({ bpffs, state, killAt }), 'SIGKILL', killAt);
      const next = await offload('detach', '--dev', 'eth0', ...where);
      t.is(next.code, 0, `${killAt}: ${next.stderr}`);
      t.regex(next.stderr, /an earlier run ended in the middle of a change: it is undone/, killAt);
      t.is(await rules(), original, killAt);
      t.false(await attached(), killAt);
      t.false(existsSync(join(state, 'install.json')), killAt);
    }
  });
});

test('unconfirmed, it is undone: by the guard, also when the run was killed, and by the next run when the guard was', async (t) => {
  await withHost(t, async ({ killed, offload, rules, attached, where, state }) => {
    const original = await rules();
    const gone = async (): Promise<boolean> => {
      for (let i = 0; i < 3000 && existsSync(join(state, 'install.json')); i++) await setTimeout(100);
      return !existsSync(join(state, 'install.json')) && !(await attached()) && (await rules()) === original;
    };
    t.is((await offload(...install, '--confirm', '1', ...where)).code, 0);
    t.true(await gone(), 'the time is over');

    const [, bpffs] = where;
    t.is(await killed({ bpffs, state, confirm: 3600, killAt: 'swapped' }), 'SIGKILL');
    t.true(await gone(), 'the run died');

    const pending = await offload(...install, '--confirm', '3600', ...where);
    t.is(pending.code, 0, pending.stderr);
    t.regex(pending.stdout, /Within 3600 seconds, or all of it is undone:\n.* confirm/);
    t.is((await offload(...install, ...where)).code, 4, 'it waits to be confirmed');
    const read = (): { confirm: { guardian: { pid: number }; deadline: number } | null } =>
      JSON.parse(readFileSync(join(state, 'install.json'), 'utf8')) as ReturnType<typeof read>;
    const first = read().confirm?.guardian.pid ?? 0;
    process.kill(first, 'SIGKILL');
    for (let i = 0; i < 1000 && existsSync(`/proc/${first}`); i++) await setTimeout(50);
    // A run that finds no guard starts another one.
    t.is((await offload(...install, ...where)).code, 4);
    t.not(read().confirm?.guardian.pid, first);
    t.is((await offload('confirm', '--state', state)).code, 0);
    t.is(read().confirm, null);
    t.true(await attached());
    t.is((await offload('confirm', '--state', state)).code, 4);
    t.is((await offload('detach', '--dev', 'eth0', ...where)).code, 0);
    t.is(await rules(), original);
  });
});
