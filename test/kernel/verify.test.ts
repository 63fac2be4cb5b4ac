/** `offload verify` on every sample, with the kernel's own program. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { inputsOf, offload, root, samples } from '../samples/sample-runs.js';
import { command } from '../command.js';
import { withNamespaces } from './namespace.js';

const files = (sample: string): string[] => inputsOf(sample).map((name) => join('samples', sample, name));

for (const sample of samples) {
  test(`the loaded program of ${sample} does what its ruleset does`, (t) => {
    const host = join('samples', sample, 'host.json');
    const known = existsSync(join(root, host)) ? ['--host', host] : [];
    const { status, stdout, stderr } = offload(['verify', ...files(sample), ...known]);
    t.is(status, 0, stderr);
    t.regex(stdout, /^ {2}0 differences: /m);
    const lines = [...stdout.matchAll(/^ {2}(\S.*\S) +([\d,]+) of ([\d,]+) (?:classes|that decide)$/gm)];
    t.true(lines.length > 1, stdout);
    // Frames are made from the bounds of every rule: of most fields no class is missed.
    const fields = lines.filter(([, name]) => name !== 'steps').map(([, name, met, all]) => ({ name, met, all }));
    t.deepEqual(
      fields.filter(({ met, all }) => met !== all).map(({ name, met, all }) => `${name}: ${met} of ${all}`),
      [],
    );
  });
}

test('the device is not touched; one that is not there is told', async (t) => {
  await withNamespaces(t, async (net) => {
    const [ns, peer] = [net.namespace('host'), net.namespace('peer')];
    net.veth(ns, 'eth0', peer, 'up0');
    await net.exec(ns, 'ip', ['addr', 'add', '192.0.2.25/24', 'dev', 'eth0']);
    const run = (...args: string[]) => net.exec(ns, process.execPath, [command, 'verify', ...args], { mayFail: true });
    const links = async (): Promise<string> => (await net.exec(ns, 'ip', ['-d', 'link'])).stdout;
    const before = await links();
    const { code, stdout, stderr } = await run(...files('web-server'), '--dev', 'eth0');
    t.is(code, 0, stderr);
    t.regex(stdout, /Verified for eth0/);
    t.notRegex(stdout, /Nothing is known/);
    t.is(await links(), before);
    const missing = await run(...files('web-server'), '--dev', 'eth9');
    t.is(missing.code, 3);
    t.regex(missing.stderr, /there is no device eth9 on this host/);
  });
});
