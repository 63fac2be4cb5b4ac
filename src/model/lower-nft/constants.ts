/** Names that nft gives to numbers (nft 1.0.6: `nft describe`). */
import { icmpType } from '../icmp-names.js';
import type { CtState, RouteType } from '../match.js';
import { protocolNumber } from '../protocol-names.js';
import { portNumber } from '../service-names.js';
import type { NumberReader } from './values.js';

const parse = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text.split(' ').map((entry) => {
      const [name = '', number] = entry.split('=');
      return [name, Number(number)];
    }),
  );

/** nft reads numbers as decimal or 0x…; a leading zero is octal to some of its scanners: not read. */
export function plainNumber(text: string): number | null {
  if (!/^(0|[1-9][0-9]{0,14}|0[xX][0-9a-fA-F]{1,12})$/.test(text)) return null;
  return Number(text);
}

const named =
  (names: ReadonlyMap<string, number>): NumberReader =>
  (text) =>
    plainNumber(text) ?? names.get(text) ?? null;

export const numberOnly: NumberReader = (text) => plainNumber(text);

export const protocol: NumberReader = (text) => (text === 'all' ? null : (plainNumber(text) ?? protocolNumber(text)));

/** Service names that both TCP and UDP know by one number, or the protocol's own. */
export const port =
  (protocolOfPort: number | null): NumberReader =>
  (text) => {
    const number = plainNumber(text);
    if (number !== null) return number;
    if (/^[0-9]/.test(text)) return null;
    if (protocolOfPort === 6 || protocolOfPort === 17) return portNumber(text, protocolOfPort);
    const [tcp, udp] = [portNumber(text, 6), portNumber(text, 17)];
    return tcp !== null && udp !== null && tcp !== udp ? null : (tcp ?? udp);
  };

export const tcpFlags = named(parse('fin=1 syn=2 rst=4 psh=8 ack=16 urg=32 ecn=64 cwr=128'));

const icmpV4 = parse(
  'echo-reply=0 destination-unreachable=3 source-quench=4 redirect=5 echo-request=8 router-advertisement=9 ' +
    'router-solicitation=10 time-exceeded=11 parameter-problem=12 timestamp-request=13 timestamp-reply=14 info-request=15 ' +
    'info-reply=16 address-mask-request=17 address-mask-reply=18',
);
const icmpV6 = parse(
  'destination-unreachable=1 packet-too-big=2 time-exceeded=3 parameter-problem=4 echo-request=128 echo-reply=129 ' +
    'mld-listener-query=130 mld-listener-report=131 mld-listener-done=132 mld-listener-reduction=132 nd-router-solicit=133 ' +
    'nd-router-advert=134 nd-neighbor-solicit=135 nd-neighbor-advert=136 nd-redirect=137 router-renumbering=138 ' +
    'ind-neighbor-solicit=141 ind-neighbor-advert=142 mld2-listener-report=143',
);
export const icmpTypeOf = (version: 4 | 6): NumberReader => {
  const own = named(version === 4 ? icmpV4 : icmpV6);
  return (text, form) => {
    const number = own(text, form);
    if (number !== null) return number;
    const known = icmpType(version, text);
    return known?.code === null ? known.type : null;
  };
};

const codeV4 = parse(
  'net-unreachable=0 host-unreachable=1 prot-unreachable=2 port-unreachable=3 frag-needed=4 net-prohibited=9 ' +
    'host-prohibited=10 admin-prohibited=13',
);
const codeV6 = parse(
  'no-route=0 admin-prohibited=1 addr-unreachable=3 port-unreachable=4 policy-fail=5 reject-route=6',
);
export const icmpCodeOf = (version: 4 | 6): NumberReader => named(version === 4 ? codeV4 : codeV6);

export const dscp = named(
  parse(
    'cs0=0 cs1=8 cs2=16 cs3=24 cs4=32 cs5=40 cs6=48 cs7=56 df=0 be=0 lephb=1 af11=10 af12=12 af13=14 af21=18 af22=20 ' +
      'af23=22 af31=26 af32=28 af33=30 af41=34 af42=36 af43=38 va=44 ef=46',
  ),
);

export const ecn = named(parse('not-ect=0 ect1=1 ect0=2 ce=3'));

export const packetTypes = ['host', 'broadcast', 'multicast', 'otherhost'] as const;
/** By name, or by number as `nft -n` has them. */
export const packetType: NumberReader = (text) => {
  const name = { unicast: 'host', other: 'otherhost' }[text] ?? text;
  const at = plainNumber(text) ?? packetTypes.findIndex((one) => one === name);
  return at in packetTypes ? at : null;
};

export const nfproto = named(parse('ipv4=2 ipv6=10'));

/** ethertypes */
export const etherType = named(parse('ip=2048 ip6=34525 arp=2054 vlan=33024 8021q=33024 8021ad=34984'));

/** Bits of `ct state` (NFT_CT_STATE); exactly one is set of any packet. */
export const stateBits: readonly (readonly [CtState, number])[] = [
  ['INVALID', 1],
  ['ESTABLISHED', 2],
  ['RELATED', 4],
  ['NEW', 8],
  ['UNTRACKED', 64],
];
export const ctState = named(new Map(stateBits.map(([name, bit]) => [name.toLowerCase(), bit])));

/** Bits of `ct status` (IPS_…). */
export const ctStatus = named(parse('expected=1 seen-reply=2 assured=4 confirmed=8 snat=16 dnat=32 dying=512'));

/** RTN_UNSPEC to RTN_PROHIBIT. */
export const routeTypes: readonly RouteType[] = [
  'UNSPEC',
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'ANYCAST',
  'MULTICAST',
  'BLACKHOLE',
  'UNREACHABLE',
  'PROHIBIT',
];
/** The same. */
export const routeType: NumberReader = (text) => {
  const at = plainNumber(text) ?? routeTypes.findIndex((one) => one.toLowerCase() === text);
  return at in routeTypes ? at : null;
};

export const mac: NumberReader = (text) =>
  /^([0-9a-fA-F]{1,2}:){5}[0-9a-fA-F]{1,2}$/.test(text)
    ? text.split(':').reduce((number, byte) => number * 256 + parseInt(byte, 16), 0)
    : null;
