/**
 * Random rules, each as model parts and as the iptables-save text that means the same: the properties run on the model alone, and
 * through the reader. Values come from small pools so that rules meet.
 */
import fc from 'fast-check';
import type { Match } from '../../src/model/match.js';
import type { SetId } from '../../src/model/set.js';
import { ranges } from '../oracle/rulesets.js';
import { markMatch, markTarget } from './arbitrary-marks.js';
import { bang, piece, type Piece } from './piece.js';

export type { Piece } from './piece.js';

export type RuleFamily = 4 | 6;

/** Kinds on which the analysis and the oracle are known to differ about fragments and AH; PROPERTY_WIDE=1 tries them too. */
const wide = process.env['PROPERTY_WIDE'] === '1';
const routeOptions: readonly string[] = ['', ' --loose', ' --accept-local'];
const smallKinds: readonly string[] = ['ttl', 'length', 'tos', 'addrtype', ...(wide ? ['pkttype', 'mac'] : [])];
const protocolNumbers: readonly number[] = [6, 17, 47, 132, ...(wide ? [51] : [])];

const addresses = {
  4: [
    '203.0.113.5/32',
    '203.0.113.4/30',
    '203.0.113.0/24',
    '203.0.112.0/23',
    '198.51.100.23/32',
    '192.0.2.1/32',
    '192.0.2.0/24',
    '0.0.0.0/1',
  ],
  6: [
    '2001:db8:1::5/128',
    '2001:db8:1::/64',
    '2001:db8::/32',
    '2001:db8::1/128',
    '2001:db8:5::23/128',
    'fe80::/10',
    '8000::/1',
  ],
};

const address = (family: RuleFamily): fc.Arbitrary<Piece> =>
  fc
    .tuple(
      fc.constantFrom(...addresses[family]),
      fc.constantFrom('saddr' as const, 'daddr' as const),
      fc.boolean(),
      fc.boolean(),
    )
    .map(([prefix, field, n1, n2]) => {
      const negate = n1 && n2;
      const option = field === 'saddr' ? '-s' : '-d';
      return piece(`${bang(negate)}${option} ${prefix}`, {
        kind: 'address',
        field,
        ranges: ranges(family, prefix),
        negate,
      });
    });

const inDevice: fc.Arbitrary<Piece> = fc
  .tuple(fc.constantFrom('eth0', 'lo', 'eth+', 'wg0'), fc.boolean())
  .map(([name, negate]) =>
    piece(`${bang(negate)}-i ${name}`, {
      kind: 'interface',
      direction: 'in',
      name: name.replace('+', ''),
      wildcard: name.endsWith('+'),
      negate,
    }),
  );

/** `! -o +` is read as opaque. */
const outDevices = [
  ['eth1', false],
  ['eth1', true],
  ['+', false],
] as const;

const outDevice: fc.Arbitrary<Piece> = fc.constantFrom(...outDevices).map(([name, negate]) =>
  piece(`${bang(negate)}-o ${name}`, {
    kind: 'interface',
    direction: 'out',
    name: name.replace('+', ''),
    wildcard: name.endsWith('+'),
    negate,
  }),
);

const range = (family: RuleFamily): fc.Arbitrary<Piece> =>
  fc.tuple(fc.constantFrom('saddr' as const, 'daddr' as const), fc.boolean()).map(([field, negate]) => {
    const [low, high] =
      family === 4 ? (['198.51.100.20', '203.0.113.5'] as const) : (['2001:db8:1::5', '2001:db8:5::23'] as const);
    const [first, last] = [ranges(family, low), ranges(family, high)];
    const option = field === 'saddr' ? '--src-range' : '--dst-range';
    const all = { family, count: 1, lo: first.lo, hi: last.hi };
    return piece(`-m iprange ${bang(negate)}${option} ${low}-${high}`, {
      kind: 'address',
      field,
      ranges: all,
      negate,
    });
  });

const laterFragment: fc.Arbitrary<Piece> = fc
  .boolean()
  .map((negate) => piece(`${bang(negate)}-f`, { kind: 'fragment', negate }));

const protocolMatch = (protocol: number, negate = false): Match => ({
  kind: 'protocol',
  protocols: [[protocol, protocol]],
  negate,
});

const port = fc.constantFrom([22, 22], [80, 80], [443, 443], [0, 1023], [1024, 65535], [4711, 4711], [40000, 40000]);

function transport(name: 'tcp' | 'udp'): fc.Arbitrary<Piece> {
  const protocol = name === 'tcp' ? 6 : 17;
  return fc
    .tuple(port, fc.constantFrom('sport' as const, 'dport' as const), fc.boolean())
    .map(([[low, high], field, negate]) =>
      piece(
        `-p ${name} -m ${name} ${bang(negate)}--${field} ${low === high ? String(low) : `${String(low)}:${String(high)}`}`,
        protocolMatch(protocol),
        { kind: 'port', field, ranges: [[low, high]], negate, headerBytes: protocol === 6 ? 20 : 8 },
      ),
    );
}

const multiport: fc.Arbitrary<Piece> = fc
  .tuple(
    fc.constantFrom('tcp', 'udp'),
    fc.constantFrom('sport' as const, 'dport' as const, 'either' as const),
    fc.boolean(),
  )
  .map(([name, field, negate]) => {
    const option = { sport: '--sports', dport: '--dports', either: '--ports' }[field];
    return piece(
      `-p ${name} -m multiport ${bang(negate)}${option} 22,80,1000:2000`,
      protocolMatch(name === 'tcp' ? 6 : 17),
      {
        kind: 'port',
        field,
        ranges: [
          [22, 22],
          [80, 80],
          [1000, 2000],
        ],
        negate,
        headerBytes: 4,
      },
    );
  });

const flagMasks = [
  ['FIN,SYN,RST,ACK SYN', 0x17, 2],
  ['FIN,SYN FIN,SYN', 3, 3],
  ['FIN,SYN,RST,PSH,ACK,URG NONE', 0x3f, 0],
  ['ACK ACK', 16, 16],
  ['PSH NONE', 8, 0],
] as const;

const tcpFlags: fc.Arbitrary<Piece> = fc
  .tuple(fc.constantFrom(...flagMasks), fc.boolean())
  .map(([[text, mask, value], negate]) =>
    piece(`-p tcp -m tcp ${bang(negate)}--tcp-flags ${text}`, protocolMatch(6), {
      kind: 'tcpFlags',
      mask,
      value,
      negate,
    }),
  );

const icmp = (family: RuleFamily): fc.Arbitrary<Piece> =>
  fc.tuple(fc.constantFrom(8, 0, 3, 128, 135), fc.boolean()).map(([type, negate]) => {
    const [name, protocol] = family === 4 ? ['icmp', 1] : ['icmp6', 58];
    const option = family === 4 ? '--icmp-type' : '--icmpv6-type';
    return piece(
      `-p ${family === 4 ? 'icmp' : 'ipv6-icmp'} -m ${name} ${bang(negate)}${option} ${String(type)}`,
      protocolMatch(protocol),
      {
        kind: 'icmp',
        version: family,
        types: [[type, type]],
        codes: [[0, 255]],
        negate,
      },
    );
  });

const justProtocol: fc.Arbitrary<Piece> = fc
  .tuple(fc.constantFrom(...protocolNumbers), fc.boolean())
  .map(([protocol, negate]) => piece(`${bang(negate)}-p ${String(protocol)}`, protocolMatch(protocol, negate)));

const bareHeader: fc.Arbitrary<Piece> = fc.constantFrom(
  piece('-p tcp -m tcp', protocolMatch(6), { kind: 'header', protocol: 6, bytes: 20 }),
  piece('-p udp -m udp', protocolMatch(17), { kind: 'header', protocol: 17, bytes: 8 }),
);

const setMatch = (family: RuleFamily): fc.Arbitrary<Piece> =>
  fc
    .tuple(
      fc.constantFrom('nets', 'timed', 'tuples', 'ports', 'list'),
      fc.constantFrom('src', 'dst', 'src,dst', 'dst,dst'),
      fc.boolean(),
    )
    .map(([kind, flags, negate]) => {
      const name = `${kind}${String(family)}`;
      return piece(`-m set ${bang(negate)}--match-set ${name} ${flags}`, {
        kind: 'set',
        set: `ipset:${name}` as SetId,
        name,
        dimensions: flags.split(',') as ('src' | 'dst')[],
        negate,
        uninterpreted: [],
      });
    });

const smallFields = (family: RuleFamily): fc.Arbitrary<Piece> =>
  fc.tuple(fc.constantFrom(...smallKinds), fc.boolean()).map(([kind, negate]) => {
    const not = bang(negate);
    switch (kind) {
      case 'ttl':
        return family === 4
          ? piece(`-m ttl ${negate ? '! ' : ''}--ttl-eq 64`, { kind: 'ttl', ranges: [[64, 64]], negate })
          : piece(`-m hl ${negate ? '! ' : ''}--hl-eq 64`, { kind: 'ttl', ranges: [[64, 64]], negate });
      case 'length':
        return piece(`-m length ${not}--length 0:60`, { kind: 'length', ranges: [[0, 60]], negate });
      case 'tos':
        return piece(`-m dscp ${not}--dscp 0x08`, { kind: 'tos', mask: 0xfc, value: 0x20, negate });
      case 'pkttype':
        return piece(`-m pkttype ${not}--pkt-type broadcast`, { kind: 'packetType', type: 'broadcast', negate });
      case 'addrtype':
        return piece(`-m addrtype ${not}--dst-type LOCAL`, {
          kind: 'addressType',
          field: 'daddr',
          types: ['LOCAL'],
          negate,
          limitInterface: null,
        });
      default:
        return piece(`-m mac ${not}--mac-source 02:00:00:00:00:fe`, {
          kind: 'mac',
          addresses: Float64Array.of(0x0200000000fe),
          negate,
        });
    }
  });

const reversePath: fc.Arbitrary<Piece> = fc
  .tuple(fc.constantFrom(...routeOptions), fc.boolean())
  .map(([options, negate]) =>
    piece(`-m rpfilter${options}${negate ? ' --invert' : ''}`, {
      kind: 'reversePath',
      by: 'rpfilter',
      sameDevice: options !== ' --loose',
      acceptLocal: options === ' --accept-local',
      negate,
    }),
  );

const unknowns: fc.Arbitrary<Piece> = fc.constantFrom(
  piece('-m conntrack --ctstate RELATED,ESTABLISHED', {
    kind: 'ctState',
    states: ['RELATED', 'ESTABLISHED'],
    negate: false,
  }),
  piece('-m conntrack --ctstate INVALID', { kind: 'ctState', states: ['INVALID'], negate: false }),
  piece('-m owner --uid-owner 0', {
    kind: 'unknown',
    name: 'owner',
    text: '-m owner --uid-owner 0',
    knowledge: 'pure',
  }),
  piece('-m limit --limit 5/min', {
    kind: 'unknown',
    name: 'limit',
    text: '-m limit --limit 5/min',
    knowledge: 'stateful',
  }),
  piece('-m comment --comment "a word"', { kind: 'comment', text: 'a word' }),
);

const matches = (family: RuleFamily, table: string): fc.Arbitrary<Piece> =>
  fc.oneof(
    { weight: 6, arbitrary: address(family) },
    {
      weight: 1,
      arbitrary: fc.oneof(inDevice, inDevice, table === 'raw' || table === 'mangle' ? range(family) : outDevice),
    },
    { weight: 1, arbitrary: family === 4 ? fc.oneof(range(family), laterFragment) : range(family) },
    {
      weight: 3,
      arbitrary: fc.oneof(
        transport('tcp'),
        transport('udp'),
        multiport,
        tcpFlags,
        icmp(family),
        justProtocol,
        bareHeader,
      ),
    },
    { weight: 2, arbitrary: setMatch(family) },
    { weight: 1, arbitrary: smallFields(family) },
    { weight: 1, arbitrary: unknowns },
    { weight: 2, arbitrary: markMatch },
    { weight: 1, arbitrary: reversePath },
  );

/** iptables takes one `-p`, `-s`, `-d` and `-i` a rule: of pieces that share one, the first stays; the options it parses first lead. */
function combine(pieces: readonly Piece[]): Piece[] {
  const rank = ({ text }: Piece): number =>
    /^(! )?-[sd] /.test(text) ? 0 : /^(! )?-[iof]( |$)/.test(text) ? 1 : /^(! )?-p /.test(text) ? 2 : 3;
  const option = ({ text }: Piece): string => /^(?:! )?(-[sdipof]|-m \w+)/.exec(text)?.[1] ?? text;
  const seen = new Set<string>();
  return [...pieces].sort((a, b) => rank(a) - rank(b)).filter((one) => !seen.has(option(one)) && seen.add(option(one)));
}

const DROP = piece('-j DROP', { kind: 'drop' });
const ACCEPT = piece('-j ACCEPT', { kind: 'accept' });

function targets(family: RuleFamily, table: string, chains: readonly string[]): fc.Arbitrary<Piece> {
  const others = [
    piece('-j RETURN', { kind: 'return' }),
    piece('-j LOG', { kind: 'observe', name: 'LOG', text: '-j LOG' }),
    piece('', ...[]),
    ...(table === 'filter' ? [piece('-j REJECT', { kind: 'reject', text: '-j REJECT' })] : []),
    piece(`-j SET --add-set timed${String(family)} src`, {
      kind: 'observe',
      name: 'SET',
      text: `-j SET --add-set timed${String(family)} src`,
    }),
    ...(table === 'raw'
      ? [piece('-j CT --notrack', { kind: 'annotate', name: 'notrack', text: '-j CT --notrack' })]
      : []),
    ...(table === 'mangle'
      ? [
          family === 4
            ? piece('-j TTL --ttl-set 64', { kind: 'mangle', name: 'TTL', changes: 'ttl', text: '-j TTL --ttl-set 64' })
            : piece('-j HL --hl-set 64', { kind: 'mangle', name: 'HL', changes: 'ttl', text: '-j HL --hl-set 64' }),
        ]
      : []),
  ];
  const jumps = chains.flatMap((chain) => [
    piece(`-j ${chain}`, { kind: 'jump', chain }),
    piece(`-g ${chain}`, { kind: 'goto', chain }),
  ]);
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant(DROP) },
    { weight: 2, arbitrary: fc.constant(ACCEPT) },
    { weight: 2, arbitrary: fc.constantFrom(...others) },
    { weight: 2, arbitrary: markTarget },
    ...(jumps.length > 0 ? [{ weight: 2, arbitrary: fc.constantFrom(...jumps) }] : []),
  );
}

/** @param chains Chains that the rule may jump to. */
export function arbitraryRule(family: RuleFamily, table: string, chains: readonly string[]): fc.Arbitrary<Piece> {
  return fc
    .tuple(fc.array(matches(family, table), { maxLength: 3 }), targets(family, table, chains))
    .map(([pieces, target]) => {
      const all = [...combine(pieces), target];
      return {
        text: all
          .map(({ text }) => text)
          .filter(Boolean)
          .join(' '),
        parts: all.flatMap(({ parts }) => parts),
      };
    });
}
