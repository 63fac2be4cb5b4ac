/** Rulesets longer than what is held as a whole: what the tools of a host say is planned as the same texts in files and pipes are. */
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { command } from '../../command.js';
import { type Finished, systemPath, withNamespaces } from '../namespace.js';

const addresses = (count: number, line: (address: string) => string): string =>
  Array.from({ length: count }, (_, i) => line(`11.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)).join('');

const nft = `table ip f {
\tset bad {
\t\ttype ipv4_addr
\t\telements = { ${addresses(450_000, (address) => `${address},\n\t\t\t     `)}198.51.100.1 }
\t}

\tchain in {
\t\ttype filter hook input priority filter; policy accept;
\t\tip saddr @bad drop
\t\tip saddr 192.0.2.9 reject
\t}
}
`;
const ipset = `create bad hash:ip family inet hashsize 1024 maxelem 1000000\n${addresses(500_000, (address) => `add bad ${address}\n`)}`;

interface Host {
  /** Its tools print these texts. */
  readonly planned: (texts: Texts, ...args: string[]) => Promise<Finished>;
  readonly file: (name: string, text: string) => string;
  readonly directory: () => string;
}
interface Texts {
  readonly nft: string;
  readonly ipset: string;
  readonly input?: string;
  readonly temporary?: string;
}

async function withHost(t: ExecutionContext, body: (host: Host) => Promise<void>): Promise<void> {
  await withNamespaces(t, async (net) => {
    const [ns, peer] = [net.namespace('host'), net.namespace('peer')];
    net.veth(ns, 'eth0', peer, 'up0');
    const folder = net.directory();
    const file: Host['file'] = (name, text) => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    };
    await body({
      file,
      directory: net.directory,
      planned: ({ nft, ipset, input = '', temporary }, ...args) => {
        for (const [tool, text] of Object.entries({ nft, ipset })) {
          const said = file(`${tool}.said`, text);
          chmodSync(
            file(tool, `#!/bin/sh\ncase $1 in list|save) exec cat ${said}; esac\nexec /usr/sbin/${tool} "$@"\n`),
            0o755,
          );
        }
        const env = { PATH: `${folder}:${systemPath}`, TMPDIR: temporary ?? '' };
        const options = { input, mayFail: true, env };
        if (temporary !== '/mnt') return net.exec(ns, process.execPath, [command, ...args], options);
        // In a mount namespace of this process.
        const full = 'mount -t tmpfs -o size=1m tmpfs /mnt && exec "$@"';
        return net.exec(ns, 'sh', ['-c', full, 'sh', process.execPath, command, ...args], options);
      },
    });
  });
}

/** All that is said and left, with one name for the text, be it a tool's, a file's or a pipe's. */
async function outcome(host: Host, texts: Texts, inputs: readonly string[], names: readonly string[]): Promise<object> {
  const residuals = host.directory();
  const args = ['--dev', 'eth0', '--dry-run', '--format', 'json', '--residual', residuals];
  const { code, stdout, stderr } = await host.planned(texts, ...inputs, ...args);
  const said = [stdout, stderr].map((text) =>
    names.reduce((all, name, i) => all.replaceAll(new RegExp(`(^|")${name}(?=[:"])`, 'gm'), `$1<${i}>`), text),
  );
  const left = readdirSync(residuals).map((name) => readFileSync(join(residuals, name), 'latin1'));
  // Each is as old as its reading.
  return { code, said: said.map((text) => text.replaceAll(/as of [^)]*/g, 'as of')), left };
}

test('by file, by pipe and of the host itself the same plan, residual and errors come of long texts', async (t) => {
  await withHost(t, async (host) => {
    const middle = nft.indexOf('11.3.0.0,');
    const cases: readonly (readonly [nft: string, ipset: string, code: number])[] = [
      [nft, ipset, 0],
      [`${nft.slice(0, middle)}what? ${nft.slice(middle)}`, ipset, 2],
      [nft, ipset.replace('add bad 11.5.0.0', 'add good 11.5.0.0'), 2],
    ];
    for (const [nft, ipset, code] of cases) {
      const texts = { nft, ipset };
      const [first, second] = [host.file('a', nft), host.file('b', ipset)];
      const byFile = await outcome(host, texts, [first, second], [first, second]);
      t.like(byFile, { code });
      t.true(JSON.stringify(byFile).includes('<0>') || code !== 0);
      const live = await outcome(host, texts, ['--live'], ['live:nft', 'live:ipset']);
      const pipes = [
        await outcome(host, { ...texts, input: nft }, ['-', second], ['-', second]),
        await outcome(host, { ...texts, input: ipset }, [first, '-'], [first, '-']),
      ];
      for (const other of [live, ...pipes]) t.true(JSON.stringify(other) === JSON.stringify(byFile));
    }
  });
});

test('a long listing that breaks off is refused', async (t) => {
  await withHost(t, async (host) => {
    const short = 'table ip f {\n}\n';
    const cases: readonly (readonly [Texts, RegExp])[] = [
      [{ nft: nft.slice(0, -2), ipset: '' }, /output of `nft` is not whole.*does not end with the `\}` of a table/],
      [{ nft: short, ipset: ipset.slice(0, -1) }, /output of `ipset` is not whole.*its last line has no end/],
    ];
    for (const [texts, message] of cases) {
      const { code, stderr } = await host.planned(texts, '--live');
      t.is(code, 3, stderr);
      t.regex(stderr, message);
    }
  });
});

test('what there is no place for, or not enough, is held', async (t) => {
  await withHost(t, async (host) => {
    const texts = { nft, ipset };
    const live = await outcome(host, texts, ['--live'], []);
    const piped = await outcome(host, { ...texts, input: nft }, ['-'], []);
    for (const temporary of ['/proc/nothing', '/mnt']) {
      t.true(JSON.stringify(await outcome(host, { ...texts, temporary }, ['--live'], [])) === JSON.stringify(live));
      const held = await outcome(host, { ...texts, temporary, input: nft }, ['-'], []);
      t.true(JSON.stringify(held) === JSON.stringify(piped));
    }
    t.like(live, { code: 0 });
    t.like(piped, { code: 0 });
  });
});
