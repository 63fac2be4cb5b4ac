/**
 * What conntrack makes of packets that it has no entry for: every combination of TCP flags, wrong data offsets and checksums, UDP, under
 * each sysctl that has a say. Netfilter marks each packet with its state; the oracle and XDP must agree with it, and XDP must drop those that
 * can only be invalid.
 */
import test from 'ava';
import { decodeFrame } from '../../../src/oracle/decode-frame.js';
import { statesOfFirst } from '../../../src/oracle/first-packet.js';
import { backends } from '../differential/backend.js';
import { notesOf } from '../differential/compare.js';
import { inside } from '../differential/firewall.js';
import { ipv4, ipv6, targetMac, type Segment } from '../differential/frame.js';
import { tcp, tcpFlag, udp } from '../differential/segment.js';
import { dump, firewallOf, runTraps, type Named } from '../traps/trap.js';

const states = ['NEW', 'INVALID', 'ESTABLISHED', 'RELATED', 'UNTRACKED'] as const;

/** States that must be guessed right to let packets pass, to drop them, and to drop them whichever of two they are in. */
const rules = dump({
  mangle: states.map(
    (state, i) => `-A PREROUTING -m conntrack --ctstate ${state} -j MARK --set-xmark 0x${String(i + 1)}/0xffffffff`,
  ),
  filter: [
    '-A INPUT -p tcp -m tcp --dport 1000 -m conntrack --ctstate NEW -j ACCEPT',
    '-A INPUT -p tcp -m tcp --dport 1000 -j DROP',
    '-A INPUT -p tcp -m tcp --dport 2000 -m conntrack --ctstate INVALID -j DROP',
    '-A INPUT -p tcp -m tcp --dport 3000 -m conntrack --ctstate INVALID -j DROP',
    '-A INPUT -p tcp -m tcp --dport 3000 ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP',
    '-A INPUT -p udp -m conntrack --ctstate INVALID -j DROP',
  ],
});

const spoilt = (frame: Uint8Array): Uint8Array => {
  const copy = frame.slice();
  // The last byte is payload, or the urgent pointer.
  copy[copy.length - 1] = (copy[copy.length - 1] as number) ^ 0x55;
  return copy;
};

const name = (version: number, what: string): string => `IPv${String(version)} ${what}`;

function segments(port: number): [what: string, segment: Segment][] {
  let sport = 10_000;
  const one = (flags: number, rest: { payload?: number; dataOffset?: number } = {}): Segment =>
    tcp({ sport: sport++, dport: port, flags, sequence: 1, acknowledgement: 1, ...rest });
  const all = Array.from({ length: 256 }, (_, flags) => flags);
  return [
    ...all.map((flags): [string, Segment] => [`to ${port}, flags ${flags}`, one(flags)]),
    ...all
      .filter((flags) => (flags & 0xc0) === 0)
      .map((flags): [string, Segment] => [`to ${port}, flags ${flags}, payload`, one(flags, { payload: 10 })]),
    ...[2, 16, 17, 4].flatMap((flags): [string, Segment][] => [
      [`to ${port}, flags ${flags}, offset 4`, one(flags, { dataOffset: 4 })],
      [`to ${port}, flags ${flags}, offset beyond the end`, one(flags, { dataOffset: 8 })],
      [`to ${port}, flags ${flags}, offset 6`, one(flags, { dataOffset: 6, payload: 4 })],
    ]),
  ];
}

const datagrams = (): [what: string, segment: Segment][] => [
  ['udp', udp(20_000, 53)],
  ['udp without payload', udp(20_001, 53, 0)],
  ...[7, 100].map((length): [string, Segment] => {
    const segment = udp(20_002 + length, 53);
    const bytes = Uint8Array.from(segment.bytes);
    bytes[5] = length;
    return [`udp of length ${length}`, { ...segment, bytes }];
  }),
];

function frames(): Named[] {
  const made = [...segments(1000), ...segments(2000), ...segments(3000), ...datagrams()];
  return made.flatMap(([what, segment]): Named[] => {
    const wide = ipv6({ saddr: '2001:db8:77::7', daddr: '2001:db8:1::1' }, segment);
    const narrow = ipv4({ saddr: '203.0.113.77', daddr: '192.0.2.1' }, segment);
    const spoil = /flags (2|16|17|4)(, payload)?$|udp$/.test(what);
    return [
      { name: name(4, what), frames: [narrow] },
      { name: name(6, what), frames: [wide] },
      ...(spoil ? [{ name: name(4, `${what}, bad checksum`), frames: [spoilt(narrow)] }] : []),
      ...(spoil ? [{ name: name(6, `${what}, bad checksum`), frames: [spoilt(wide)] }] : []),
    ];
  });
}

const stateOf = (notes: readonly string[]): string => {
  const [mark] = notes.flatMap((note) => /^prerouting mark (\d+)$/.exec(note)?.slice(1) ?? []);
  return states[Number(mark) - 1] ?? `none (${notes.join(', ')})`;
};

/** XDP can tell: the packet is invalid, or (to port 3000) invalid or new and no SYN. It does not look at the data offset. */
function isDropped(shape: string, said: readonly string[]): boolean {
  const [, port, flags] = /to (\d+), flags (\d+)/.exec(shape)?.map(Number) ?? [];
  if (flags === undefined || shape.includes('offset')) return false;
  return said.length === 1 || (port === 3000 && (flags & 0x17) !== tcpFlag.SYN);
}

const sysctls = {
  'as they are': {},
  'tcp_loose off': { nf_conntrack_tcp_loose: 0 },
  'checksum off': { nf_conntrack_checksum: 0 },
  'be_liberal on, ignore_invalid_rst on': { nf_conntrack_tcp_be_liberal: 1, nf_conntrack_tcp_ignore_invalid_rst: 1 },
} as const;

/** What conntrack says of these, by sysctl: the facts that the rest stands on. */
const facts: Readonly<Record<string, Partial<Record<keyof typeof sysctls | 'else', string>>>> = {
  'to 1000, flags 2': { else: 'NEW' },
  'to 1000, flags 2, bad checksum': { else: 'INVALID', 'checksum off': 'NEW' },
  'to 1000, flags 16': { else: 'NEW', 'tcp_loose off': 'INVALID' },
  'to 1000, flags 16, payload': { else: 'NEW', 'tcp_loose off': 'INVALID' },
  'to 1000, flags 4': { else: 'INVALID' },
  'to 1000, flags 17': { else: 'INVALID' },
  'to 1000, flags 18': { else: 'INVALID' },
  'to 1000, flags 0': { else: 'INVALID' },
  udp: { else: 'NEW' },
  'udp, bad checksum': { else: 'INVALID', 'checksum off': 'NEW' },
  'udp of length 100': { else: 'INVALID' },
};

/** By one back end each, in turn: conntrack is the same. */
for (const [i, [title, values]] of Object.entries(sysctls).entries()) {
  const backend = backends[i % backends.length]!;
  test.serial(`packets of no connection, sysctls ${title}`, async (t) => {
    const named = frames();
    const set = Object.entries(values).map(([key, value]) => `echo ${String(value)} > /proc/sys/net/netfilter/${key}`);
    const { report, verdicts } = await runTraps(
      t,
      firewallOf('first', rules, rules, false),
      named,
      { backend },
      () => (bed) => {
        for (const target of bed.targets) inside(target.name, 'sh', ['-ec', ['true', ...set].join('\n')]);
        return Promise.resolve();
      },
    );
    for (const run of report.runs) {
      for (const datagram of report.sent) {
        const what = `${run.backend}: ${datagram.shape}`;
        const seen = stateOf(notesOf(run.original, datagram));
        const known = facts[datagram.shape.slice('IPv4 '.length)];
        if (known) t.is(seen, known[title as keyof typeof sysctls] ?? known.else ?? '', what);
        const reception = decodeFrame(datagram.frames[0] as Uint8Array, targetMac, new Set());
        if (reception.kind === 'lost') {
          t.fail(`${what}: ${reception.why}`);
          continue;
        }
        const said: readonly string[] = statesOfFirst(reception.packet);
        t.true(said.includes(seen), `${what}: the oracle says ${said.join(' or ')}, conntrack ${seen}`);
        if (isDropped(datagram.shape, said)) t.is(verdicts[datagram.shape], 'drop', what);
      }
    }
  });
}
