/** The program of each sample with all that can be asked of it: sets that are followed, a lease, samples; and one attached as users do. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { planWithinLimits } from '../../src/compile/fit.js';
import { spareFor } from '../../src/compile/spare.js';
import { loadImage } from '../../src/load/load-image.js';
import { loadNative } from '../../src/load/native.js';
import type { HostFacts } from '../../src/model/host.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import { command } from '../command.js';
import { withNamespaces } from '../kernel/namespace.js';
import { facts as anyHost } from '../oracle/rulesets.js';
import { inputsOf, root, samples } from '../samples/sample-runs.js';

// Samples ask conntrack, which is a module there.
test.before(() => void execFileSync('sh', ['-c', 'exec "$(cat /proc/sys/kernel/modprobe)" nf_conntrack']));

for (const sample of samples) {
  test.serial(`the program of ${sample} loads, followed and leased`, async (t) => {
    const folder = join(root, 'samples', sample);
    const files = inputsOf(sample).map((file) => ({
      file,
      text: readFileSync(join(folder, file), 'utf8'),
      takenAt: null,
    }));
    const host = join(folder, 'host.json');
    const facts = existsSync(host) ? (JSON.parse(readFileSync(host, 'utf8')) as HostFacts) : anyHost;
    const options = { devices: ['eth0'], facts, strict: false, conntrack: true, follow: true };
    const { image } = planWithinLimits(readRuleset(files).ruleset, options, {
      sampled: true,
      leased: true,
      spare: (prefilter) => spareFor(prefilter, 0),
    });
    const target = { name: 'eth0', ifindex: 0, mac: 0x020000000001, position: 0 };
    const vlan = { ...target, name: 'eth0.10', through: { ...target, tag: { type: 0x8100, id: 10 } } } as const;
    for (const [device, isMultiBuffer] of [
      [target, true],
      [target, false],
      [vlan, true],
    ] as const) {
      try {
        (await loadImage(loadNative(), image, [device], { isMultiBuffer })).close();
        t.pass();
      } catch (error) {
        // Ava would print all of the verifier's log.
        t.fail(String(error));
      }
    }
  });
}

test.serial('attached as users do, in both modes', async (t) => {
  await withNamespaces(t, async (net) => {
    const [host, peer] = [net.namespace('host'), net.namespace('peer')];
    net.veth(host, 'eth0', peer, 'up0');
    await net.exec(host, 'ip', ['addr', 'add', '192.0.2.25/24', 'dev', 'eth0']);
    const bpffs = net.bpffs();
    const where = ['--bpffs', bpffs, '--state', join(net.directory(), 'state')];
    const offload = (...args: string[]) => net.exec(host, process.execPath, [command, ...args, ...where]);
    const files = inputsOf('nft-hand-written').map((file) => join(root, 'samples/nft-hand-written', file));
    for (const mode of ['native', 'generic']) {
      const { stdout } = await offload(...files, '--dev', 'eth0', '--mode', mode);
      t.regex(stdout, /^Attached to eth0 .*: no difference\.$/m);
      t.true(readdirSync(join(bpffs, 'offload/eth0')).includes('link'));
      await offload('detach', '--dev', 'eth0');
    }
  });
});
