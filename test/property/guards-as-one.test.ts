/**
 * Long lists of rules that drop nothing in XDP (accepts, rejects, rules about states of connections, …), of which there may not be as many steps, are
 * taken as one: oracle(ruleset, frame) = prefilter, then what stays.
 */
import test from 'ava';
import fc from 'fast-check';
import { analyseFamily } from '../../src/analyse/analyse-family.js';
import { setValueCache } from '../../src/analyse/set-values.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import { filter, router, webServer } from '../plan/plan-text.js';
import { checkFrames } from './check-frames.js';

interface Dialect {
  /** Lines that differ in a source (@), a destination (^) or a port (%). */
  readonly kinds: readonly string[];
  readonly others: readonly string[];
  /** Of a chain that they lead to. */
  readonly within: readonly string[];
  /** Of one that accepts what comes a second time. */
  readonly again: readonly (readonly string[])[];
  readonly write: (policy: 'accept' | 'drop', lines: readonly Line[]) => string;
}

interface Line {
  readonly chain: 'input' | 'list' | 'other';
  readonly text: string;
}

const iptables: Dialect = {
  kinds: [
    '-s @ -p tcp -m tcp --dport % -j ACCEPT',
    '-s @ -d ^ -j ACCEPT',
    '-d ^ -p udp -m udp --dport % -j RETURN',
    '-s @ -p tcp -m tcp --dport % -j REJECT',
    '-s @ -p udp -m udp --sport 5 --dport % -j LOG',
    '-s @ -d ^ -j NFQUEUE',
    '-s @ -p tcp -m tcp --dport % -m conntrack --ctstate NEW -j DROP',
    '-s @ -d ^ -m time --timestart 08:00:00 -j DROP',
    '-s @ -p tcp -m tcp --dport % -m conntrack --ctstate NEW -j ACCEPT',
    '-s @ -d ^ -m conntrack --ctstate INVALID -j DROP',
    '-s @ -p tcp -m tcp --dport % -m limit --limit 1/s -j ACCEPT',
    '-s @ -d ^ -m recent --update --name x -j DROP',
    '-s @ -p tcp -m limit --limit 1/s -m tcp --dport % -j ACCEPT',
    '-s @ -d ^ -j TARPIT',
    '-s @ -p tcp -m tcp --dport 22 -j ACCEPT',
    '-s @ -j ACCEPT',
    '-p tcp -m tcp --dport % -j ACCEPT',
    '-s @ -j TTL --ttl-set 9',
    '-s @ -m mac --mac-source 02:00:00:00:00:01 -j ACCEPT',
    '-s @ -p tcp --dport % ! --syn -j ACCEPT',
    '-s @ -d ^ -m time --timestart 8:00 -j other',
    ...['-s @ -j other', '-s @ -d ^ -j other', '-s @ -p tcp -m tcp --dport % -g other', '-d ^ -g other'],
    ...['-p tcp -m tcp --dport % -j other', '-s @ -d ^ -m conntrack --ctstate NEW -j other'],
  ],
  others: [
    '-s 203.0.113.0/28 -j ACCEPT',
    '-p tcp -m tcp --dport 22 -j DROP',
    '-s 203.0.113.9 -j DROP',
    '-j LOG',
    '-p udp -j DROP',
    '-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
    '-s 203.0.113.4/30 -j RETURN',
    '-s 198.51.100.0/24 -j DROP',
    '-j list',
    '-p tcp -j list',
    '-m conntrack --ctstate NEW -j list',
    '-j DROP',
    '-s 203.0.113.2 -p tcp --dport 1004 -j DROP',
    '-d 192.0.2.0/24 -j DROP',
    '-m conntrack --ctstate NEW -s 203.0.113.7 -j DROP',
    '-f -j DROP',
    '-s 203.0.113.0/24 -j DROP',
  ],
  within: [
    ...['-p udp -j DROP', '-j DROP', '-p tcp -m tcp --dport 1004 -j ACCEPT', '-s 203.0.113.8/30 -j RETURN', '-j LOG'],
    ...['-m conntrack --ctstate NEW -j DROP', '-m conntrack --ctstate ESTABLISHED -j ACCEPT', '-d 192.0.2.1 -j DROP'],
    ...['-m mark --mark 1 -j ACCEPT', '-j MARK --set-mark 1', '-j NOTRACK', '-m owner --uid-owner 0 -j RETURN'],
    ...[
      '-m conntrack --ctstate UNTRACKED -j ACCEPT',
      '-m limit --limit 1/s -j RETURN',
      '-j TTL --ttl-set 9',
      '-f -j DROP',
    ],
    ...[
      '-s 203.0.113.1 -p tcp -j REJECT',
      '-m time --timestart 8:00 -j DROP',
      '-p udp -m udp --dport 1001:1006 -j DROP',
    ],
  ],
  again: [
    ['-m mark --mark 1 -j ACCEPT', '-j MARK --set-mark 1'],
    ['-m ttl --ttl-eq 9 -j ACCEPT', '-j TTL --ttl-set 9'],
    ['-m conntrack --ctstate UNTRACKED -j ACCEPT', '-j NOTRACK'],
  ],
  write: (policy, lines) => {
    const written = lines.map(({ chain, text }) => `-A ${chain === 'input' ? 'INPUT' : chain} ${text}`);
    const chains = `:INPUT ${policy.toUpperCase()} [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:list - [0:0]\n:other - [0:0]`;
    return filter(written.join('\n'), chains);
  },
};

const nft: Dialect = {
  kinds: [
    'ip saddr @ tcp dport % accept',
    'ip saddr @ ip daddr ^ counter accept',
    'ip daddr ^ udp dport % return',
    'ip saddr @ tcp dport % reject',
    'ip saddr @ tcp dport % log prefix "one" drop',
    'ip saddr @ log prefix "one" tcp dport % drop',
    'ip saddr @ ip daddr ^ log jump other',
    'ip saddr @ ip daddr ^ queue',
    'ip saddr @ tcp dport % ct state new drop',
    'ct state new ip saddr @ tcp dport % accept',
    'ip saddr @ ip daddr ^ ct state invalid drop',
    'ip saddr @ tcp dport % limit rate 1/second accept',
    'ip saddr @ limit rate 1/second tcp dport % accept',
    'ip saddr @ ip daddr ^ meta skuid 0 drop',
    'ip saddr @ accept',
    'ip saddr { @, 203.0.113.77 } accept',
    'ip saddr { @, 203.0.113.77 } tcp dport % ct state new reject',
    'tcp dport % accept',
    'ip saddr @ tcp dport % meta mark set 1 accept',
    'ip saddr @ tcp dport != % accept',
    'ip saddr @ ip daddr ^ meta mark 1 accept',
    ...['ip saddr @ jump other', 'ip saddr @ tcp dport % goto other', 'tcp dport % jump other'],
    ...['ip saddr @ ip daddr ^ ct state new jump other', 'ip daddr ^ counter goto other'],
  ],
  others: [
    'ip saddr 203.0.113.0/28 accept',
    'tcp dport 22 drop',
    'ip saddr 203.0.113.9 drop',
    'log',
    'meta l4proto udp drop',
    'ct state established,related accept',
    'ip saddr 203.0.113.4/30 return',
    'jump inner',
    'meta l4proto tcp jump inner',
    'ct state new jump inner',
    'drop',
    'ip saddr 203.0.113.2 tcp dport 1004 drop',
    'ct state new ip saddr 203.0.113.7 drop',
    'meta mark set 1',
    'meta mark 1 drop',
    'ip saddr 203.0.113.0/24 drop',
  ],
  within: [
    ...['meta l4proto udp drop', 'drop', 'tcp dport 1004 accept', 'ip saddr 203.0.113.8/30 return', 'log'],
    ...['ct state new drop', 'ct state established accept', 'ip daddr 192.0.2.1 drop', 'meta mark 1 accept'],
    ...['meta mark set 1', 'notrack', 'meta skuid 0 return', 'limit rate 1/second return', 'log prefix "x" drop'],
    ...['ip saddr 203.0.113.1 reject', 'udp dport 1001-1006 drop', 'ip ttl set 9', 'tcp dport 1003 drop'],
  ],
  again: [
    ['meta mark 1 accept', 'meta mark set 1'],
    ['ip ttl 9 accept', 'ip ttl set 9'],
    ['ct state untracked accept', 'notrack'],
  ],
  write: (policy, lines) => {
    const rules = (name: Line['chain']): string =>
      lines.flatMap(({ chain, text }) => (chain === name ? [`    ${text}\n`] : [])).join('');
    return `table inet filter {\n  chain other {\n${rules('other')}  }\n  chain inner {\n${rules('list')}  }
  chain input {\n    type filter hook input priority filter; policy ${policy};\n${rules('input')}  }\n}\n`;
  },
};

const values = fc.tuple(fc.nat(20), fc.nat(9), fc.nat(7));

const casesOf = ({ kinds, others, within, again }: Dialect): fc.Arbitrary<readonly Line[]> => {
  const lone = fc.constantFrom(...others).map((text): Line => ({ chain: 'input', text }));
  const list = fc
    .tuple(
      fc.constantFrom<Line['chain']>('input', 'input', 'list'),
      fc.constantFrom(...kinds),
      fc.array(values, { minLength: 30, maxLength: 60 }),
    )
    .map(([chain, kind, all]) =>
      all.map(([source, port, destination]): Line => {
        const [from, to] = [`203.0.113.${source}`, `192.0.2.${destination}`];
        return {
          chain,
          text: kind
            .replace('@', from)
            .replace('^', to)
            .replace('%', String(1000 + port)),
        };
      }),
    );
  const inner = fc
    .oneof(
      { weight: 3, arbitrary: fc.array(fc.constantFrom(...within), { minLength: 1, maxLength: 4 }) },
      { weight: 1, arbitrary: fc.constantFrom(...again) },
    )
    .map((texts) => texts.map((text): Line => ({ chain: 'other', text })));
  return fc
    .tuple(inner, fc.array(lone, { maxLength: 2 }), list, fc.array(lone, { minLength: 1, maxLength: 4 }))
    .map((parts) => parts.flat());
};

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 40);

for (const [name, dialect] of Object.entries({ iptables, nft }))
  test(`what is dropped behind guards that are taken as one: ${name}`, (t) => {
    let [asOne, dropped] = [0, 0];
    const policies = fc.constantFrom('accept', 'drop', 'drop');
    const hosts = fc.constantFrom(webServer, router);
    fc.assert(
      fc.property(
        casesOf(dialect),
        policies,
        hosts,
        fc.boolean(),
        fc.nat(),
        (lines, policy, facts, conntrack, seed) => {
          const text = dialect.write(policy, lines);
          const { ruleset } = readRuleset([{ file: 'rules', text, takenAt: null }]);
          const limits = { maxSteps: { 4: 16, 6: 16 }, tuplesFrom: 16 };
          const asked = { devices: ['eth0'], facts, strict: false, conntrack, tuplesFrom: 16, guardsFrom: 24 };
          asOne += analyseFamily(ruleset, 4, setValueCache(false), asked).walk.runs.asOne.size;
          const frames = { randomFrames: 100, trapRules: 4, setFrames: 0, seed };
          const found = checkFrames({ ruleset, facts, conntrack, frames, ...limits });
          dropped += found.dropped;
          if (found.differences[0] !== undefined) t.fail(`${found.differences[0]}\n${text}`);
        },
      ),
      { numRuns },
    );
    t.log(`${asOne} runs taken as one, ${dropped} packets dropped`);
    t.true(asOne > numRuns / 5 && dropped > numRuns * 10);
  });
