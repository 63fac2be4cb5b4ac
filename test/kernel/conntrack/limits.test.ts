/** Where entries come and go: they expire between packets, and helpers expect connections that have no entry yet. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { command } from '../../command.js';
import { createRandom } from '../differential/random.js';
import { addresses, families, sysctl, withHost } from './bed.js';

const rules = (bad: string): string => `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s ${bad} -j DROP
COMMIT
`;
const both = { v4: rules(addresses[4].bad), v6: rules(addresses[6].bad) };
const seed = 1;

test('an answer is lost only after its entry has expired', async (t) => {
  await withHost(t, { backend: 'nft', forwarding: false }, async (bed) => {
    await bed.protect(both);
    const names = ['udp_timeout', 'udp_timeout_stream'];
    sysctl(bed.names.host, Object.fromEntries(names.map((name) => [`net/netfilter/nf_conntrack_${name}`, 1])));
    const random = createRandom(seed);
    const flows = Array.from({ length: 40 }, (_, at) => ({
      at,
      family: families[at % 2] as 4 | 6,
      wait: random.below(2000),
    }));
    const outcomes = await Promise.all(
      flows.map(async ({ at, family, wait }) => {
        const { host, bad } = addresses[family];
        const [there, here] = [await bed.outside.bind(bad, 7000 + at), await bed.host.bind(host, 8000 + at)];
        const opened = process.hrtime.bigint();
        await bed.host.send(here, 'question', bad, 7000 + at);
        await bed.outside.receive(there);
        await new Promise((done) => setTimeout(done, wait));
        await bed.outside.send(there, 'answer', host, 8000 + at);
        // the kernel counts in jiffies, 10 ms at most
        const elapsed = Number(process.hrtime.bigint() - opened) / 1e6 + 10;
        return { answer: await bed.host.hush(here), elapsed };
      }),
    );
    const lost = outcomes.filter(({ answer }) => answer !== 'answer');
    t.deepEqual(
      lost.filter(({ elapsed }) => elapsed < 1000),
      [],
      `seed ${seed}`,
    );
    t.true(lost.length > 0 && lost.length < outcomes.length, 'some in time, some too late');
    t.true((await bed.early()) <= lost.length);
  });
});

const helper = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -p tcp -m tcp --dport 21 -j CT --helper ftp
COMMIT
`;

test('an expected connection on the host: apply refuses, unless nothing is asked', async (t) => {
  await withHost(t, { backend: 'legacy', forwarding: false }, async (bed) => {
    const { host, bad } = addresses[4];
    t.is((await bed.protect({ v4: helper + both.v4 })).asks, 0, 'a helper in the ruleset: nothing is asked');
    await bed.outside.listen(bad, 21);
    const control = (await bed.host.connect(bad, 21, host)) as number;
    await bed.host.talk(control, 'NOOP\r\n');
    // active mode: the server is to open a connection to the host's port 200 × 256 + 10
    await bed.host.talk(control, `PORT ${host.replaceAll('.', ',')},200,10\r\n`);
    const expected = await bed.net.exec(bed.names.host, 'cat', ['/proc/net/nf_conntrack_expect']);
    t.not(expected.stdout, '', 'the helper expects it');

    // the same host with a dump that does not tell of the helper: only the live check can know
    await bed.net.exec(bed.names.host, 'sh', ['-c', `sed -i '/^\\*raw/,/^COMMIT/d' ${bed.files[0] ?? ''}`]);
    t.notRegex(readFileSync(bed.files[0] ?? '', 'utf8'), /helper/);
    const state = join(bed.net.directory(), 'state');
    const offload = (...args: string[]): ReturnType<typeof bed.net.exec> =>
      bed.net.exec(
        bed.names.host,
        process.execPath,
        [command, bed.files[0] ?? '', '--dev', 'eth1', ...args, '--bpffs', bpffs, '--state', state],
        { mayFail: true },
      );
    const bpffs = bed.net.bpffs();
    const refused = await offload();
    t.is(refused.code, 4, refused.stdout + refused.stderr);
    t.regex(refused.stderr, /no-helpers/);
    const without = await offload('--no-conntrack');
    t.is(without.code, 0, without.stderr);

    await bed.host.listen(host, 200 * 256 + 10);
    const data = (await bed.outside.connect(host, 200 * 256 + 10, bad)) as number;
    t.is(await bed.outside.talk(data, 'data'), 'data >data', `RELATED: ${String(data)}`);
  });
});
