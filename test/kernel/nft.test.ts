/** nft samples on a real kernel: attached after verification without a difference, their residual loaded over the original, detached. */
import { dirname, join } from 'node:path';
import test from 'ava';
import { command } from '../command.js';
import { inputsOf, root, samples } from '../samples/sample-runs.js';
import { withNamespaces } from './namespace.js';

for (const sample of samples.filter((name) => inputsOf(name).includes('ruleset.nft'))) {
  test.serial(sample, async (t) => {
    await withNamespaces(t, async (net) => {
      const [ns, peer] = [net.namespace('host'), net.namespace('peer')];
      net.veth(ns, 'eth0', peer, 'up0');
      await net.exec(ns, 'ip', ['addr', 'add', '192.0.2.25/24', 'dev', 'eth0']);
      const directory = net.directory();
      const ruleset = join(root, 'samples', sample, 'ruleset.nft');
      const residual = join(directory, 'residual.nft');
      // Files that it includes stand beside it.
      const nft = (file: string): Promise<unknown> =>
        net.exec(ns, 'sh', ['-ec', 'cd "$0" && exec nft -f "$1"', dirname(ruleset), file]);
      await nft(ruleset);
      const where = ['--bpffs', net.bpffs(), '--state', join(directory, 'state')];
      const args = [command, ruleset, '--dev', 'eth0', '--residual', residual, ...where];
      const { stdout, stderr, code } = await net.exec(ns, process.execPath, args, { mayFail: true });
      t.is(code, 0, stderr);
      t.regex(stdout.replaceAll(/\s+/g, ' '), /verified with [\d,]+ frames: no difference/);
      await nft(residual);
      const detach = [command, 'detach', '--dev', 'eth0', ...where];
      t.is((await net.exec(ns, process.execPath, detach, { mayFail: true })).code, 0);
    });
  });
}
