/**
 * Long lists as fail2ban, CrowdSec and scripts leave them: lines that are alike but for addresses, ports and comments, of one kind or of
 * several in turn. They are long enough to be read, planned and left out in columns, which rules one by one never are.
 */
import type { Random } from './random.js';

/** Fewer lines of a kind are not a list to the reader (`src/model/stretches.ts`). */
const fewestOfAKind = 64;

interface Kinds {
  /** `@`: source, `&`: range of sources, `^`: MAC address, `#`: destination, `%`: port, `+`: ports, `~`: any word. Drops are what a list is made of most often. */
  readonly drops: readonly string[];
  readonly others: readonly string[];
}

interface Dialect {
  readonly version: 4 | 6;
  readonly kinds: Kinds;
}

const iptables: Kinds = {
  drops: [
    '-s @ -j DROP',
    '-s @ -j DROP',
    '-s @ -p tcp -m tcp --dport % -j DROP',
    '-s @ -p udp -m udp --dport % -j DROP',
    '-s @ -p tcp -m tcp --sport % -j DROP',
    '-s @ -d # -j DROP',
    '-d # -p tcp -m tcp --dport % -j DROP',
    '-s @ -m comment --comment "~" -j DROP',
    '-s @ -p tcp -m tcp --dport % -m comment --comment "~, port %" -j DROP',
    '-s @ -i eth0 -j DROP',
    '-s @ -i eth1 -p tcp -m tcp --dport % -j DROP',
    '-s @ -p tcp -m multiport --dports %,8080 -j DROP',
    '-s @ -p udp -m multiport --sports %,1024:2000 -j DROP',
    '-s @ -p tcp -m multiport --dports + -j DROP',
    '-d # -p udp -m multiport --sports + -j DROP',
    '-s @ -d # -p tcp -m multiport --dports + -j DROP',
    '-s @ -p tcp -m tcp --dport 20:% -j DROP',
    '-s @ -p tcp -m tcp --dport %:65535 -j DROP',
    '-s @ -p tcp -m tcp --dport % --tcp-flags FIN,SYN,RST,ACK SYN -j DROP',
    '-s @ -m mark --mark 0x0 -j DROP',
    '-s @ -m length --length %:65535 -j DROP',
    '-m iprange --src-range & -j DROP',
    '-m mac --mac-source ^ -j DROP',
    '-s @ -m mac --mac-source ^ -j DROP',
    '-p tcp -m mac --mac-source ^ -m tcp --dport % -j DROP',
    '-p tcp -m iprange --src-range & -m tcp --dport % -j DROP',
    '-m iprange --src-range & --dst-range # -j DROP',
    '-p tcp -m tcp --dport % -j DROP',
    '-p udp -m udp --dport % -j DROP',
    '-p udp -m udp --sport % --dport % -j DROP',
    '-p tcp -m multiport --dports + -j DROP',
  ],
  others: [
    '! -s @ -d # -j DROP',
    '-s @ -p tcp -m tcp ! --dport % -j DROP',
    '-s @ -j ACCEPT',
    '-s @ -p tcp -m tcp --dport % -j ACCEPT',
    '-s @ -j LOG',
    '-m iprange ! --src-range & -d # -j DROP',
    '-s @ -j RETURN',
    '-s @ -m limit --limit 1/hour --limit-burst 5 -j DROP',
    '-p tcp -m tcp ! --dport % -j DROP',
    '-p tcp -m tcp --dport % -j ACCEPT',
    '-m mac --mac-source ^ -j RETURN',
  ],
};

const nft: Kinds = {
  drops: [
    'IP saddr @ drop',
    'IP saddr @ counter drop',
    'IP saddr @ tcp dport % drop',
    'IP saddr @ udp dport % counter drop',
    'IP saddr @ tcp sport % drop',
    'IP saddr @ IP daddr # drop',
    'IP daddr # tcp dport % drop',
    'IP saddr @ drop comment "~"',
    'iifname "eth0" IP saddr @ drop',
    'iifname "eth1" IP saddr @ tcp dport % drop',
    'IP saddr @ tcp dport { %, 8080 } drop',
    'IP saddr @ udp sport { %, 1024-2000 } drop',
    'IP saddr @ tcp dport + drop',
    'IP saddr @ IP daddr # udp sport + counter drop',
    'IP saddr @ tcp dport %-65535 drop',
    'IP saddr @ tcp flags syn / fin,syn,rst,ack tcp dport % drop',
    'meta mark 0x0 IP saddr @ drop',
    'IP saddr @ meta length >= % drop',
    'IP saddr { @, 192.0.2.77 } drop',
    'tcp dport % drop',
    'tcp sport % drop',
    'udp dport % counter drop',
    'udp sport % udp dport % drop',
    'tcp dport { 8080, % } drop',
    'tcp dport + drop',
    'udp sport != { 8080, % } drop',
    'meta l4proto { tcp, udp } th dport % drop',
    'ether saddr ^ drop',
    'ether saddr ^ tcp dport % drop',
    'ether saddr ^ IP saddr @ drop',
    'ether saddr ^ udp dport { 8080, % } drop',
  ],
  others: [
    'IP saddr != @ IP daddr # drop',
    'IP saddr @ tcp dport != % drop',
    'IP saddr @ accept',
    'IP saddr @ counter log',
    'IP saddr @ return',
    'IP saddr @ limit rate 1/hour drop',
    'tcp dport != % drop',
    'tcp dport % accept',
    'udp dport % return',
    'tcp sport % counter',
    'ether saddr ^ accept',
    'IP saddr @ tcp dport % return',
    'IP saddr @ meta mark set 0x7',
  ],
};

const ports = ['22', '53', '80', '443', '1024'];

/** Some of them, ascending, as the dialect writes a list; the last may be a range. */
function portList(random: Random, written: (some: readonly string[]) => string, dash: string): string {
  const some = ports.filter(() => random.chance(0.5));
  const last = random.chance(0.5) ? `2000${dash}65535` : '8080';
  return written([...some, last]);
}

/** Addresses of the networks that frames come from and go to; some come twice, some are networks around others. */
function filled({ version, kinds }: Dialect, kind: string, random: Random, line: number): string {
  const host = random.below(40);
  const wide = random.chance(0.1);
  const at = (byte: number): string =>
    version === 4 ? `203.0.113.${64 + byte}` : `2001:db8:77::${(16 + byte).toString(16)}`;
  const source = wide ? `${at(host & ~3)}/${version === 4 ? 30 : 126}` : at(host);
  const destination = version === 4 ? random.pick(['192.0.2.1', '203.0.113.50', '198.51.100.20']) : random.pick(['2001:db8:1::1', '2001:db8:2::20']); // prettier-ignore
  return kind
    .replaceAll('IP', version === 4 ? 'ip' : 'ip6')
    .replaceAll('@', source)
    .replaceAll('&', () => `${at(host)}-${at(host + random.below(4))}`)
    .replaceAll('#', destination)
    .replaceAll('^', () => `02:00:00:00:01:${(16 + random.below(40)).toString(16)}`)
    .replaceAll('+', () =>
      kinds === iptables
        ? portList(random, (some) => some.join(','), ':')
        : portList(random, (some) => `{ ${some.join(', ')} }`, '-'),
    )
    .replaceAll('%', () => random.pick(ports))
    .replaceAll('~', `seen ${line}`);
}

function randomList(dialect: Dialect, random: Random): string[] {
  const kind = (): string => random.pick(random.chance(0.85) ? dialect.kinds.drops : dialect.kinds.others);
  const kinds = Array.from({ length: random.pick([1, 1, 2, 3]) }, kind);
  const inTurn = random.chance(0.5);
  const lines = (fewestOfAKind + random.below(16)) * kinds.length;
  const each = Math.ceil(lines / kinds.length);
  return Array.from({ length: lines }, (_, line) =>
    filled(dialect, kinds[inTurn ? line % kinds.length : Math.floor(line / each)] as string, random, line),
  );
}

/** One list for a chain of iptables, without `-A CHAIN`. */
export const iptablesList = (version: 4 | 6, random: Random): string[] =>
  randomList({ version, kinds: iptables }, random);

/** One list for an nft chain. */
export const nftList = (version: 4 | 6, random: Random): string[] => {
  const kinds = version === 4 ? nft : { ...nft, drops: nft.drops.filter((kind) => !kind.includes('192.0.2.77')) };
  return randomList({ version, kinds }, random);
};
