/** Captures against rulesets: what is said of each packet, whatever file it comes in, and in how much memory. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { headersEnd } from '../../src/capture/headers-end.js';
import { boundaryFrames } from '../../src/oracle/boundary-frames.js';
import { frameAt } from '../../src/oracle/frame-batch.js';
import { createOracle } from '../../src/oracle/oracle.js';
import { parseAddress } from '../../src/oracle/parse-prefix.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import { HeavyHitters } from '../../src/replay/heavy-hitters.js';
import { Timeline } from '../../src/replay/timeline.js';
import { createSimulation } from '../../src/simulate/simulation.js';
import { pcap, pcapng, type WrittenPacket } from '../capture/write-capture.js';
import { accept, drop, facts, frame, frame6, from, input, log, MAC, PEER, proto } from '../oracle/rulesets.js';
import { offload } from '../samples/sample-runs.js';

const scratch = mkdtempSync(join(tmpdir(), 'offload-replay-'));
test.after.always(() => rmSync(scratch, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(scratch, name);
  writeFileSync(path, content);
  return path;
}

const rules = file(
  'rules.v4',
  `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 203.0.113.0/24 -j DROP
-A INPUT -p udp -m udp --dport 53 -j LOG
-A INPUT -s 198.51.100.7/32 -p tcp -m tcp --dport 25 -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -s 192.0.2.128/25 -j DROP
COMMIT
`,
);
const host = file('host.json', JSON.stringify(facts));

/** [frame, what the model says, the rule] */
type Expected = readonly [frame: Uint8Array, verdict: 'drop' | 'pass' | 'depends', rule: string | null];

const traffic: readonly Expected[] = [
  [frame({ saddr: parseAddress(4, '203.0.113.7') }), 'drop', 'ip filter INPUT 1'],
  [frame({ saddr: parseAddress(4, '198.51.100.9'), protocol: 17, dport: 53 }), 'pass', null],
  [frame({ saddr: parseAddress(4, '198.51.100.7'), dport: 25 }), 'drop', 'ip filter INPUT 3'],
  [frame({ saddr: parseAddress(4, '198.51.100.7'), dport: 22 }), 'pass', null],
  [frame({ saddr: parseAddress(4, '192.0.2.200'), dport: 443 }), 'depends', null],
  [frame({ saddr: parseAddress(4, '198.51.100.9'), protocol: 47 }), 'depends', null],
  [frame6(), 'pass', null],
  [frame({ destinationMac: PEER, saddr: parseAddress(4, '203.0.113.7') }), 'pass', null],
];

const lines = (expected: readonly Expected[]): string =>
  expected
    .map(([, verdict, rule], i) => `{"packet":${i + 1},"verdict":"${verdict}","rule":${JSON.stringify(rule)}}\n`)
    .join('');

const packets = traffic.map(([bytes], i): WrittenPacket => ({ bytes, seconds: 1_700_000_000 + i }));

test('one line a packet, the same from every kind of file', (t) => {
  const whole = pcap(packets, { little: true, nanoseconds: false, link: 1 });
  const files = [
    file('a.pcap', whole),
    file('b.pcap', pcap(packets, { little: false, nanoseconds: true, link: 1 })),
    file('c.pcapng', pcapng(packets, [{ link: 1 }], true)),
    file('d.pcapng', pcapng(packets, [{ link: 1 }], false)),
    file('e.pcap.gz', gzipSync(whole)),
  ];
  for (const capture of files) {
    const { status, stdout, stderr } = offload(['replay', rules, capture, '--format', 'jsonl', '--host', host]);
    t.is(status, 0, stderr);
    t.is(stdout, lines(traffic), capture);
  }
});

/** UPDATE_GOLDEN=1 rewrites them; review the diff. */
for (const [name, options] of [
  ['known-host', ['--host', host, '--all']],
  ['unknown-host', []],
] as const)
  test(`the report of a replay: ${name}`, (t) => {
    const golden = new URL(`golden/${name}.txt`, import.meta.url);
    // Several of each, so that what is counted can be told apart.
    const many = packets.flatMap((packet, i) =>
      Array.from({ length: i + 1 }, (_, n): WrittenPacket => ({ ...packet, seconds: 1_700_000_000 + 7 * i + n })),
    );
    const capture = file('report.pcap', pcap(many, { little: true, nanoseconds: false, link: 1 }));
    const { status, stdout, stderr } = offload(['replay', rules, capture, ...options]);
    t.is(status, 0, stderr);
    const report = stdout.replaceAll(`${scratch}/`, '');
    if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(golden, report);
    t.is(report, readFileSync(golden, 'utf8'));
  });

test('without facts every packet is for the host, whatever station its frame is for', (t) => {
  const capture = file('stranger.pcap', pcap(packets, { little: true, nanoseconds: false, link: 1 }));
  const { stdout, stderr, status } = offload(['replay', rules, capture, '--format', 'jsonl']);
  t.is(status, 0, stderr);
  const expected = [...traffic.slice(0, -1), [frame(), 'drop', 'ip filter INPUT 1'] as const];
  t.is(stdout, lines(expected));
});

test('elements with a timeout are there, however long ago the sets were dumped', (t) => {
  const sets = file('timed.save', 'create bad hash:ip timeout 0\nadd bad 203.0.113.7 timeout 60\n');
  utimesSync(sets, 1_700_000_000, 1_700_000_000);
  const own = file(
    'timed.v4',
    '*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A PREROUTING -m set --match-set bad src -j DROP\nCOMMIT\n',
  );
  const capture = file('timed.pcap', pcap(packets.slice(0, 2), { little: true, nanoseconds: false, link: 1 }));
  const { status, stdout, stderr } = offload(['replay', own, sets, capture, '--format', 'jsonl', '--host', host]);
  t.is(status, 0, stderr);
  t.is(
    stdout,
    lines([
      [new Uint8Array(0), 'drop', 'ip raw PREROUTING 1'],
      [new Uint8Array(0), 'pass', null],
    ]),
  );
  t.regex(stderr, /count as they were when they were dumped/);
  t.regex(offload(['replay', own, sets, capture, '--host', host]).stdout, /1 +50\.0% {2}dropped before the stack/);
});

test('what was sent, and what is cut off within its headers', (t) => {
  const bad = frame({ saddr: parseAddress(4, '203.0.113.7'), payload: 400 });
  const cut = (length: number): WrittenPacket => ({ bytes: bad.subarray(0, length), length: bad.length });
  const written: WrittenPacket[] = [
    { bytes: bad, direction: 'out' },
    { bytes: bad, direction: 'in' },
    cut(54),
    cut(53),
    cut(33),
    cut(10),
  ];
  const capture = file('cut.pcapng', pcapng(written, [{ link: 1 }], true));
  const { stdout } = offload(['replay', rules, capture, '--format', 'jsonl', '--host', host]);
  const verdicts = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { verdict: string }).verdict);
  t.deepEqual(verdicts, ['pass', 'drop', 'drop', 'depends', 'depends', 'depends']);
  const text = offload(['replay', rules, capture, '--host', host]).stdout;
  t.regex(text, /3 +50\.0% {2}cut off within a header/);
  t.regex(text, /1 +16\.7% {2}sent by the capturing host/);
});

test('bytes behind the headers decide nothing', (t) => {
  const ruleset = input(
    [
      [from('203.0.113.0/24'), drop],
      [proto(17), log],
      [proto(6), accept],
      [from('198.51.100.0/24'), drop],
    ],
    'drop',
  );
  const oracle = createOracle(ruleset, facts, 'eth0');
  const plan = planRuleset(ruleset, { devices: ['eth0'], facts, strict: false, conntrack: true });
  const simulation = createSimulation(plan.prefilter, { mac: MAC, position: 0 });
  let cut = 0;
  for (const batch of boundaryFrames(ruleset, facts, 'eth0', { trapRules: 10 })) {
    batch.origins.forEach((origin, i) => {
      const built = frameAt(batch, i);
      const end = headersEnd(built, built.length);
      if (end >= built.length) return;
      cut++;
      const zeroed = built.map((byte, at) => (at < end ? byte : 0));
      t.deepEqual(oracle.fate(zeroed), oracle.fate(built), origin);
      t.deepEqual(simulation.decide(zeroed), simulation.decide(built), origin);
    });
  }
  t.true(cut > 100);
});

test('a capture of the device that a VLAN device stands on', (t) => {
  const vlan = { lower: 'eth0', tag: { type: 0x8100, id: 10 } };
  const [eth0] = facts.devices;
  const tagged = file(
    'tagged.json',
    JSON.stringify({ ...facts, devices: [eth0, { ...eth0, name: 'eth0.10', ifindex: 9, kind: 'vlan', vlan }] }),
  );
  const blocked = frame({ saddr: parseAddress(4, '203.0.113.7') });
  const tag = (...bytes: number[]): Uint8Array => Uint8Array.from([...blocked.subarray(0, 12), ...bytes, ...blocked.subarray(12)]); // prettier-ignore
  const frames = [tag(0x81, 0, 0xe0, 10), blocked, tag(0x81, 0, 0, 11), tag(0x88, 0xa8, 0, 10), tag(0x81, 0, 0, 0, 0x81, 0, 0, 10)]; // prettier-ignore
  const capture = file(
    'tagged.pcap',
    pcap(
      frames.map((bytes, i) => ({ bytes, seconds: 1_700_000_000 + i })),
      { little: true, nanoseconds: false, link: 1 },
    ),
  );
  const dropped = (...options: string[]): number[] => {
    const args = ['replay', rules, capture, '--format', 'jsonl', '--host', tagged, ...options];
    const { status, stdout, stderr } = offload(args);
    t.is(status, 0, stderr);
    const packets = stdout.trim().split('\n').map((line) => JSON.parse(line) as { packet: number; verdict: string }); // prettier-ignore
    return packets.flatMap(({ packet, verdict }) => (verdict === 'drop' ? [packet] : []));
  };
  t.deepEqual(dropped('--dev', 'eth0.10', '--tagged'), [1, 5]);
  // As the VLAN device hands them on, and what eth0 itself gets.
  t.deepEqual(dropped('--dev', 'eth0.10'), [2]);
  t.deepEqual(dropped('--dev', 'eth0'), [2]);
  for (const [options, message] of [
    [['--dev', 'eth0', '--host', tagged], /--tagged is for a VLAN device, and eth0 is none/],
    [['--dev', 'eth0.10'], /which tag eth0\.10 has is told by --host FILE/],
  ] as const) {
    const { status, stderr } = offload(['replay', rules, capture, '--tagged', ...options]);
    t.is(status, 1);
    t.regex(stderr, message);
  }
});

const broken: readonly (readonly [args: () => string[], status: number, message: RegExp])[] = [
  [() => ['replay', rules], 1, /wants RULESET\.\.\. CAPTURE/],
  [() => ['replay', rules, join(scratch, 'none.pcap')], 2, /none\.pcap: error\[unreadable\]: there is no such file/],
  [() => ['replay', rules, scratch], 2, /is a directory/],
  [() => ['replay', rules, rules], 2, /error\[not-a-capture\]: is neither a pcap nor a pcapng file/],
  [() => ['replay', rules, file('z.gz', Uint8Array.of(0x1f, 0x8b, 1, 2, 3))], 2, /broken gzip/],
  [() => ['replay', rules, file('g.pcap', new Uint8Array(0)), '--dev', 'eth9', '--host', host], 1, /no such device/],
];

test('what cannot be replayed, and why', (t) => {
  for (const [args, status, message] of broken) {
    const result = offload(args());
    t.is(result.status, status, result.stderr);
    t.is(result.stdout, '');
    t.regex(result.stderr, message);
  }
});

test('a large capture is streamed: memory does not grow with it', async (t) => {
  const capture = join(scratch, 'large.pcap');
  const block = pcap(
    Array.from({ length: 2000 }, (_, i) => ({
      bytes: frame({ saddr: Uint32Array.of(0xc6000000 + i * 7919), payload: 1000 }),
      seconds: 1_700_000_000 + i,
    })),
    { little: true, nanoseconds: false, link: 1 },
  );
  const blocks = process.env['OFFLOAD_LONG'] === '1' ? 150 : 30;
  const out = createWriteStream(capture);
  for (let i = 0; i < blocks; i++) {
    const rest = i === 0 ? block : block.subarray(24);
    if (!out.write(rest)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
  const script = `
    import { run } from ${JSON.stringify(new URL('../../dist/src/cli/run.js', import.meta.url).href)};
    process.exitCode = await run(['replay', ${JSON.stringify(rules)}, ${JSON.stringify(capture)}]);
    process.stderr.write(String(process.resourceUsage().maxRSS));`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  t.is(status, 0, stderr);
  t.regex(stdout, new RegExp(`^ +${(blocks * 2000).toLocaleString('en')} packets`, 'm'));
  // KiB: what Node and the program take, and not the 64 MiB (320 in a long run) of the file.
  t.true(Number(stderr) < 220 * 1024, `${stderr} KiB`);
});

test('heavy hitters are found among many', (t) => {
  const hitters = new HeavyHitters<number>(50);
  for (let i = 0; i < 100_000; i++) hitters.add(i % 10 === 0 ? 7 : i % 10 === 1 ? 8 : 1000 + i);
  const [[first, n] = [0, 0], [second] = [0, 0]] = hitters.top(2);
  t.deepEqual(new Set([first, second]), new Set([7, 8]));
  t.true(n <= 10_000 && n + hitters.uncertainty >= 10_000);
  const few = new HeavyHitters<string>(50);
  for (const key of ['a', 'b', 'a']) few.add(key);
  t.deepEqual(few.top(5), [
    ['a', 2],
    ['b', 1],
  ]);
  t.is(few.uncertainty, 0);
});

test('a timeline widens as time goes on, and loses nothing', (t) => {
  for (const span of [1, 30, 5000, 400_000]) {
    const timeline = new Timeline();
    for (let i = 0; i < 1000; i++) timeline.add(1_700_000_000 + Math.floor((i * span) / 1000), i % 4 === 0);
    const { slots, width } = timeline.rows(24);
    t.true(slots.length <= 24, `${span} seconds in ${slots.length} slots of ${width}`);
    t.is(
      slots.reduce((sum, { dropped }) => sum + dropped, 0),
      250,
    );
    t.is(
      slots.reduce((sum, { passed }) => sum + passed, 0),
      750,
    );
  }
});
