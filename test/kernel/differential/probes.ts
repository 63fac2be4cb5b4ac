/**
 * Where each frame got to. Probe chains stand behind every other chain of a hook (and before all of them at ingress and in prerouting)
 * and only add
 * the frame's index to sets; they hold no conntrack expression, so they don't switch on defragmentation, and change no packet.
 * What the target itself sends to groups is dropped on output: it would loop back and look like a frame from outside.
 * Each set joins the index with what a rule may have changed (mark, TTL, DSCP, addresses), so a change shows as well.
 */
import { inside } from './firewall.js';
import type { Bed, Target } from './topology.js';

/** Sorted facts of each index: "input", "input mark 7", "answer" … No entry: never seen anywhere. */
export type Fates = ReadonlyMap<string, readonly string[]>;

interface Probe {
  readonly set: string;
  readonly typeOf: string;
  readonly rule: string;
}

/** nft's words for what may change on the way, in IPv4 and in IPv6. */
const watched = {
  mark: ['meta mark', 'meta mark'],
  ttl: ['ip ttl', 'ip6 hoplimit'],
  dscp: ['ip dscp', 'ip6 dscp'],
  daddr: ['ip daddr', 'ip6 daddr'],
  saddr: ['ip saddr', 'ip6 saddr'],
} as const;
type Watched = keyof typeof watched;

/**
 * `4` and `6` end the names so that both families may use the same indices; the elements join the index with what is watched there: no
 * more than three things, for nft 1.0.6 aborts when it lists a concatenation of five.
 */
function observe(place: string, what: readonly Watched[]): Probe[] {
  return ([4, 6] as const).map((version) => {
    const fields = what.map((name) => watched[name][version === 4 ? 0 : 1]);
    const key = [version === 4 ? 'ip id' : 'ip6 flowlabel', ...fields].join(' . ');
    const set = `${place}_${what.join('_')}_${version}`;
    const rule = `meta protocol ${version === 4 ? 'ip' : 'ip6'} update @${set} { ${key} }`;
    return { set, typeOf: key, rule };
  });
}

const declare = (probes: readonly Probe[]): string =>
  probes.map(({ set, typeOf }) => ` set ${set} { typeof ${typeOf}; flags dynamic; size 65535; }\n`).join('');
const rules = (probes: readonly Probe[]): string => probes.map(({ rule }) => `  ${rule}\n`).join('');

const atIngress = { ingress: observe('ingress', ['mark']), received: observe('received', ['mark']) };

/** A frame with a tag within a tag is not yet IP there. */
const ingressTable = `table netdev probe {
${declare(Object.values(atIngress).flat())}
 chain ingress { type filter hook ingress device eth0 priority -2147483648; policy accept;
${rules(atIngress.ingress)} }
 chain received { type filter hook ingress device eth0 priority 2147483647; policy accept;
${rules(atIngress.received)} }
}`;

const places = {
  early: observe('early', ['mark']),
  routed: observe('prerouting', ['mark', 'daddr']),
  entered: observe('entered', ['mark']),
  input: [...observe('input', ['mark', 'ttl', 'daddr']), ...observe('input', ['dscp'])],
  forward: [...observe('forward', ['mark', 'ttl', 'daddr']), ...observe('forward', ['dscp'])],
  out: observe('out', ['saddr', 'daddr']),
};

const targetTable = `table inet probe {
${declare(Object.values(places).flat())}
 chain early { type filter hook prerouting priority -2147483648; policy accept;
${rules(places.early)} }
 chain prerouting { type filter hook prerouting priority 2147483647; policy accept;
${rules(places.routed)} }
 chain entered_input { type filter hook input priority -2147483648; policy accept;
${rules(places.entered)} }
 chain entered_forward { type filter hook forward priority -2147483648; policy accept;
${rules(places.entered)} }
 chain input { type filter hook input priority 2147483647; policy accept;
${rules(places.input)} }
 chain forward { type filter hook forward priority 2147483647; policy accept;
${rules(places.forward)} }
 chain out { type filter hook postrouting priority 2147483647; policy accept;
  iifname != "eth0" accept
${rules(places.out)} }
 chain chatter { type filter hook output priority -2147483648; policy accept;
  icmpv6 type { 130, 131, 132, 133, 134, 135, 136, 143 } drop
  ip protocol 2 drop
  ip daddr { 192.0.2.255, 198.51.100.255, 255.255.255.255, 224.0.0.0/4 } drop
  ip6 daddr ff00::/8 drop
  oifname "lo" drop
 }
}`;

/** ICMP errors quote the header they answer: index at byte 4 of the quoted IPv4 header, in the first word of the quoted IPv6 header. */
function senderTable(target: Target): string {
  const label = target.near;
  const answers = ` set answer_4 { typeof ip id; flags dynamic; size 65535; }
 set answer_6 { typeof ip6 flowlabel; flags dynamic; size 65535; }
 set rst { typeof tcp sequence; flags dynamic; size 65535; }
`;
  const answered = `  ip protocol icmp icmp type 3 update @answer_4 { @th,96,16 }
  ip6 nexthdr icmpv6 icmpv6 type 1 update @answer_6 { @th,76,20 }
  tcp flags & (rst | ack) == rst update @rst { tcp sequence }
  tcp flags & (rst | ack) == rst | ack update @rst { tcp ackseq }
`;
  return `table netdev probe_${label} {
${answers} chain near { type filter hook ingress device ${target.near} priority 0; policy accept;
${answered} }
 chain far { type filter hook ingress device ${target.far} priority 0; policy accept;
${answered} }
}`;
}

const nft = (ns: string, args: readonly string[], input?: string): string => inside(ns, 'nft', args, input);

export function installProbes(bed: Bed): void {
  for (const target of bed.targets) nft(target.name, ['-f', '-'], `${ingressTable}\n${targetTable}`);
  nft(bed.sender, ['-f', '-'], bed.targets.map(senderTable).join('\n'));
}

type Value = number | string | { readonly concat: readonly (number | string)[] };
interface Listed {
  readonly set?: {
    readonly name: string;
    readonly elem?: readonly (Value | { readonly elem: { readonly val: Value } })[];
  };
}

function listed(ns: string, family: string, table: string): Listed[] {
  const { nftables } = JSON.parse(nft(ns, ['-j', 'list', 'table', family, table])) as { nftables: Listed[] };
  return nftables.filter(({ set }) => set !== undefined);
}

/** Index of a set's element and what was noted with it. RST answers carry the index in the upper 24 bits (see `pool.ts`). */
function note(name: string, value: Value): readonly [key: string, texts: readonly string[]] {
  const words = name.split('_');
  const [place = ''] = words;
  if (name === 'rst') return [`tcp ${Number(value) >>> 8}`, ['reset']];
  if (typeof value !== 'object') return [`${words[1]} ${value}`, [place]];
  const [index, ...found] = value.concat;
  return [`${words.at(-1)} ${index}`, found.map((one, at) => `${place} ${words[at + 1]} ${one}`)];
}

/** What became of each index in a target: key `<4|6> <index>`, or `tcp <index>` for RST answers. */
export function readFates(bed: Bed, target: Target): Fates {
  const fates = new Map<string, string[]>();
  const all = [
    ...listed(target.name, 'netdev', 'probe'),
    ...listed(target.name, 'inet', 'probe'),
    ...listed(bed.sender, 'netdev', `probe_${target.near}`),
  ];
  for (const { set } of all) {
    for (const element of set?.elem ?? []) {
      const value = typeof element === 'object' && 'elem' in element ? element.elem.val : element;
      const [key, texts] = note((set as { name: string }).name, value);
      fates.set(key, [...(fates.get(key) ?? []), ...texts]);
    }
  }
  for (const notes of fates.values()) notes.sort();
  return fates;
}
