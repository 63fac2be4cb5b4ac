/** iptables and ipset rulesets of every shape, of any size: one thing grows in each. */
import { address, list, times, type Grow } from './grow.js';

const dump = (rules: string, chains = ''): string =>
  `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${chains}${rules}COMMIT\n`;
const rules = (line: (i: number) => string, more = ''): Grow => ({
  'r.v4': (n) => dump(times(n, (i) => `${line(i)}\n`) + more),
});
/** One rule about the set `s`. */
const set = (make: (n: number) => string, sides = 'src'): Grow => ({
  's.ipset': make,
  'r.v4': () => dump(`-A INPUT -m set --match-set s ${sides} -j DROP\n`),
});
const declared = (n: number): string => times(n, (i) => `:c${i} - [0:0]\n`);
const hex = (byte: number): string => (byte & 255).toString(16).padStart(2, '0');

export const iptablesRulesets: Readonly<Record<string, Grow>> = {
  addresses: rules((i) => `-A INPUT -s ${address(i)}/32 -j DROP`),
  duplicates: rules(() => '-A INPUT -s 192.0.2.1/32 -j DROP'),
  'a port a rule': rules((i) => `-A INPUT -p tcp -m tcp --dport ${i + 1} -j DROP`),
  'address and port': rules((i) => `-A INPUT -s ${address(i)}/32 -p tcp -m tcp --dport ${i + 1} -j DROP`),
  'two addresses': rules((i) => `-A INPUT -s ${address(i)}/32 -d ${address(2 * i)}/32 -j DROP`),
  'accept and drop in turn': rules((i) => `-A INPUT -s ${address(i)}/32 -j ${i % 2 ? 'DROP' : 'ACCEPT'}`),
  'accepts above a drop': rules((i) => `-A INPUT -s ${address(i)}/32 -j ACCEPT`, '-A INPUT -j DROP\n'),
  'logs between': rules((i) => `-A INPUT -s ${address(i)}/32 -j ${i % 2 ? 'DROP' : 'LOG'}`),
  'opaque matches': rules((i) => `-A INPUT -s ${address(i)}/32 ${i % 2 ? '-j DROP' : `-m foo --bar ${i} -j ACCEPT`}`),
  comments: rules((i) => `-A INPUT -s ${address(i)}/32 -m comment --comment "rule ${i}" -j DROP`),
  'comment lines': rules((i) => `# ${i}`, '-A INPUT -s 192.0.2.1 -j DROP\n'),
  counters: rules((i) => `[${i}:${i * 60}] -A INPUT -s ${address(i)}/32 -j DROP`),
  interfaces: rules((i) => `-A INPUT -i eth${i} -s ${address(i)} -j DROP`),
  multiport: rules((i) => `-A INPUT -p tcp -m multiport --dports ${i + 1},${i + 2},${i + 1000} -j DROP`),
  MACs: rules((i) => `-A INPUT -m mac --mac-source 02:00:00:00:${hex(i >> 8)}:${hex(i)} -j DROP`),
  states: rules(
    (i) =>
      `-A INPUT -s ${address(i)} -m conntrack --ctstate NEW -p tcp -m tcp --dport ${(i % 7) + 1} -j ${i % 3 ? 'DROP' : 'ACCEPT'}`,
  ),
  inserts: rules((i) => `-I INPUT -s ${address(i)}/32 -j DROP`),
  'inserts by number': rules((i) => `${i < 2 ? '-A INPUT' : '-I INPUT 2'} -s ${address(i)}/32 -j DROP`),
  deletes: {
    'r.v4': (n) =>
      dump(
        times(n, (i) => `-A INPUT -s ${address(i)} -j DROP\n`) + times(n, (i) => `-D INPUT -s ${address(i)} -j DROP\n`),
      ),
  },
  'addresses of one line': { 'r.v4': (n) => dump(`-A INPUT -s ${list(n, address).join()} -j DROP\n`) },
  'a long comment': {
    'r.v4': (n) => dump(`-A INPUT -s 192.0.2.1 -m comment --comment "${'x'.repeat(20 * n)}" -j DROP\n`),
  },
  'unreached chains': {
    'r.v4': (n) =>
      dump(
        times(n, (i) => `-A c${i} -s ${address(i)} -j DROP\n`),
        declared(n),
      ),
  },
  'chains of INPUT': {
    'r.v4': (n) =>
      dump(
        times(n, (i) => `-A INPUT -s ${address(i)} -j c${i}\n-A c${i} -p tcp -m tcp --dport 22 -j DROP\n`),
        declared(n),
      ),
  },
  'deep jumps': {
    'r.v4': (n) =>
      dump(
        `-A INPUT -j c0\n${times(n - 1, (i) => `-A c${i} -s ${address(i)} -j DROP\n-A c${i} -j c${i + 1}\n`)}`,
        declared(n),
      ),
  },
  'a chain called from everywhere': {
    'r.v4': (n) =>
      dump(
        `${times(n, (i) => `-A INPUT -s ${address(i)} -j c0\n`)}-A c0 -p tcp -j DROP\n-A c0 -p udp -j DROP\n`,
        declared(1),
      ),
  },
  returns: {
    'r.v4': (n) =>
      dump(`-A INPUT -j c0\n-A INPUT -j DROP\n${times(n, (i) => `-A c0 -s ${address(i)} -j RETURN\n`)}`, declared(1)),
  },
  'one set a rule': {
    's.ipset': (n) => times(n, (i) => `create s${i} hash:net family inet\nadd s${i} ${address(i)}\n`),
    'r.v4': (n) => dump(times(n, (i) => `-A INPUT -m set --match-set s${i} src -j DROP\n`)),
  },
  elements: set((n) => `create s hash:net family inet\n${times(n, (i) => `add s ${address(i)}\n`)}`),
  'duplicate elements': set((n) => `create s hash:net family inet\n${times(n, () => 'add s 192.0.2.1\n')}`),
  nomatch: set(
    (n) => `create s hash:net family inet\n${times(n, (i) => `add s ${address(i)}/${i % 2 ? '32 nomatch' : '24'}\n`)}`,
  ),
  'elements with options': set(
    (n) =>
      `create s hash:ip family inet timeout 100 comment counters\n` +
      times(n, (i) => `add s ${address(i)} timeout ${i + 10} packets 1 bytes 2 comment "x ${i}"\n`),
  ),
  'elements of two dimensions': set(
    (n) => `create s hash:ip,port family inet\n${times(n, (i) => `add s ${address(i)},tcp:${i + 1}\n`)}`,
    'src,dst',
  ),
  'a set of sets': set(
    (n) =>
      times(n, (i) => `create s${i} hash:ip family inet\nadd s${i} ${address(i)}\n`) +
      `create s list:set size ${n}\n${times(n, (i) => `add s s${i}\n`)}`,
  ),
};
