/** Random lists of iptables drops of several kinds in turn, of which a packet may meet two of different kinds. */
import fc from 'fast-check';
import { readRuleset } from '../../src/model/read-ruleset.js';
import type { Ruleset } from '../../src/model/ruleset.js';
import { filter } from './plan-text.js';

const sets = `create a hash:ip family inet
add a 203.0.0.7
add a 203.0.0.9
create b hash:net family inet timeout 0
add b 203.0.0.8/29 timeout 0
add b 203.0.1.0/24 timeout 300
create c hash:ip,port family inet
add c 203.0.0.7,tcp:80
add c 203.0.0.8,udp:53
create d hash:net family inet counters
add d 203.0.0.0/30
create e list:set
add e a
add e d
create f hash:ip family inet6
create g bitmap:port range 0-1023
add g 80
`;

export const rulesetOf = (text: string): Ruleset =>
  readRuleset([
    { file: 'rules.v4', text, takenAt: null },
    { file: 'sets', text: sets, takenAt: 1_700_000_000_000 },
  ]).ruleset;

/**
 * Of which a rule that repeats another one has a step of its own, and a rule of one kind is put together with rules of another by one field at most: which comes
 * first is another question. None asks for marks: where only the rest does, they take no step.
 */
export const plainKinds = [
  ...['-s @ -j DROP', '-d @ -j DROP', '-s @ -d @ -j DROP', '-d @ -p tcp -m tcp --dport % -j DROP'],
  ...['-s @ -p udp -m udp --dport % -j DROP', '-m iprange --src-range @-203.0.9.9 -j DROP', '-d @ -i eth1 -j DROP'],
  ...['-d @ -p udp -m multiport --dports 22,% -j DROP', '[5:6] -d @ -j DROP'],
  ...['-m set --match-set ^ src -p tcp -m tcp --dport % -j DROP', '-d @ -m set ! --match-set ^ src -j DROP'],
  ...['! -d @ -p tcp -m tcp --dport % -j DROP', '-p tcp -m tcp --dport % -j DROP', '-p tcp -m tcp ! --dport % -j DROP'],
  ...['-m set --match-set ^ src,dst -m comment --comment % -d @ -j DROP', '-s @ -m set --match-set ^ src -j DROP'],
];

export const kinds = [
  ...[...plainKinds, '-m set --match-set ^ src -j DROP', '-m set --match-set ^ src,dst -j DROP', '-s @ -j RETURN'],
  ...['-m set --match-set ^ dst -m comment --comment "no %" -j DROP', '[%:1] -m set ! --match-set ^ src -j DROP'],
  ...['-m set --match-set ^ src -m limit --limit 1/s -j DROP', '-d @ -j ACCEPT'],
  ...['-d @ -m recent --set -j DROP', '-d @ -m mark --mark 1 -j DROP', '-d @ -m mark --mark 1 -j ACCEPT'],
];

const lone = fc.constantFrom(
  ...['-s 203.0.0.0/28 -j ACCEPT', '-p tcp -m tcp --dport 22 -j ACCEPT', '-s 203.0.0.9 -j DROP', '-j LOG', '-j list'],
  ...['-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT', '-s 203.0.0.4/30 -j RETURN', '-p icmp -j DROP'],
  ...['-s 203.0.0.1,203.0.0.2 -j DROP', '-d 0.0.0.0/0 -j DROP', '-s 203.0.0.1 -j MARK --set-mark 1', '-p tcp -g list'],
);

export const lists = (patterns: readonly string[], least: number): fc.Arbitrary<readonly string[]> =>
  fc
    .record({
      chosen: fc.uniqueArray(fc.constantFrom(...patterns), { minLength: 2, maxLength: 4 }),
      names: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'unknown'), {
        minLength: 1,
        maxLength: 4,
      }),
      rules: fc.array(fc.tuple(fc.nat(3), fc.nat(60), fc.constantFrom('22', '80', '443')), {
        minLength: least,
        maxLength: least + 60,
      }),
      chain: fc.constantFrom('INPUT', 'INPUT', 'FORWARD', 'list'),
      others: fc.array(fc.tuple(lone, fc.nat(260)), { maxLength: 2 }),
    })
    .map(({ chosen, names, rules, chain, others }) => {
      const lines = rules.map(([kind, number, port]) => {
        const [, counters = '', words = ''] = /^(\[\S+ )?(.*)$/.exec(chosen[kind % chosen.length]!) ?? [];
        return `${counters}-A ${chain} ${words}`
          .replace('@', `203.0.0.${number}`)
          .replace('@', `192.0.2.${number % 7}`)
          .replace('^', names[number % names.length]!)
          .replaceAll('%', port);
      });
      for (const [line, at] of others) lines.splice(at, 0, `-A INPUT ${line}`);
      return lines;
    });

export const textOf = (lines: readonly string[], policy: string): string =>
  filter(lines.join('\n'), `:INPUT ${policy} [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:list - [0:0]`);
