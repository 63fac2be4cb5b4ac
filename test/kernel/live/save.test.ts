/** `offload save`: what netfilter alone would have counted, compared with netfilter alone under the same traffic. */
import { join } from 'node:path';
import test from 'ava';
import { command } from '../../command.js';
import { withNamespaces } from '../namespace.js';

/** Of 300 bytes each, to a closed port. */
const send = (from: string, datagrams: number): string => `
  await new Promise((done) => {
    const s = require('dgram').createSocket('udp4');
    s.bind(0, '${from}', async () => {
      for (let i = 0; i < ${datagrams}; i++) await new Promise((r, no) => s.send(Buffer.alloc(272), 9, '192.0.2.25', (error) => (error ? no(error) : r())));
      s.close(done);
    });
  });`;

/** Without what the host itself sends: errors in answer, at a limited rate. */
const counters = (text: string): string[] =>
  text.split('\n').filter((line) => /^(\[|:(?!OUTPUT))|counter packets/.test(line));

test('iptables of both back ends and nft, with and without a residual', async (t) => {
  await withNamespaces(t, async (net) => {
    const [ns, peer] = [net.namespace('host'), net.namespace('peer')];
    net.veth(ns, 'eth0', peer, 'up0');
    await net.exec(ns, 'ip', ['addr', 'add', '192.0.2.25/24', 'dev', 'eth0']);
    await net.exec(ns, 'ip', ['route', 'add', '198.18.0.0/15', 'dev', 'eth0']);
    const sources = ['198.18.0.1', '198.18.0.2', '198.18.0.3'];
    await net.exec(peer, 'ip', ['addr', 'add', '192.0.2.1/24', 'dev', 'up0']);
    for (const address of sources) await net.exec(peer, 'ip', ['addr', 'add', `${address}/32`, 'dev', 'up0']);
    const run = async (command: string, ...args: string[]): Promise<string> =>
      (await net.exec(ns, command, args)).stdout;
    await run('iptables-nft', '-N', 'bad');
    await run('iptables-nft', '-A', 'bad', '-s', '198.18.0.2', '-j', 'DROP');
    await run('iptables-nft', '-A', 'INPUT', '-p', 'udp', '-j', 'bad');
    await run('ip6tables-nft', '-A', 'INPUT', '-s', '2001:db8::2', '-j', 'DROP');
    await net.exec(ns, 'nft', ['-f', '-'], {
      input: 'table ip own { chain in { type filter hook input priority -5; ip saddr 198.18.0.3 counter drop\n }\n }\n',
    });
    const where = ['--bpffs', net.bpffs(), '--state', join(net.directory(), 'state')];
    const offload = (...args: string[]) =>
      net.exec(ns, process.execPath, [command, ...args, ...where], { mayFail: true, timeout: 600_000 });
    const traffic = async (): Promise<void> => {
      const script = sources.map((source, i) => send(source, i + 3)).join('\n');
      await net.exec(peer, process.execPath, ['-e', `(async () => {${script}})()`], { timeout: 600_000 });
    };
    const saved = async (): Promise<string[]> => {
      const texts: string[] = [];
      for (const only of ['iptables-save', 'nft']) {
        const { code, stdout, stderr } = await offload('save', '--live', '--only', only);
        t.is(code, 0, stderr);
        t.is(stderr.replace(/^.*warning.*(\n {2}.*)*\n/gm, ''), '');
        texts.push(...counters(only === 'nft' ? (/^table ip own \{[^]*?^\}/m.exec(stdout)?.[0] ?? '') : stdout));
      }
      return texts;
    };

    // From then on iptables-nft counts at the policies too.
    await run('iptables-nft', '-Z');
    const before = await saved();
    await traffic();
    const alone = await saved();
    t.notDeepEqual(alone, before);
    t.true(alone.includes('[4:1200] -A bad -s 198.18.0.2/32 -j DROP'), alone.join('\n'));

    for (const residual of [[], ['--install-residual']]) {
      // Replaced as a whole: `reset rules` is not in every nft.
      await run('iptables-nft', '-Z');
      await net.exec(ns, 'nft', ['-f', '-'], {
        input:
          'delete table ip own\ntable ip own { chain in { type filter hook input priority -5; ip saddr 198.18.0.3 counter drop\n }\n }\n',
      });
      t.is((await offload('--live', '--dev', 'eth0', ...residual)).code, 0);
      await traffic();
      t.deepEqual(await saved(), alone, residual.join(' '));
      const { drops } = (
        JSON.parse((await offload('status', '--format', 'json')).stdout) as {
          devices: { drops: { packets: number } }[];
        }
      ).devices[0] ?? { drops: { packets: 0 } };
      t.is(drops.packets, 9, 'all of it in XDP');
      t.is((await offload('detach', '--dev', 'eth0')).code, 0);
    }
  });
});
