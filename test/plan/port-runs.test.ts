/** Long lists of rules that differ in ports alone are planned as one: what happens to a packet, which rule counts it and what is said of the rules stay. */
import test from 'ava';
import fc from 'fast-check';
import { analyseFamily } from '../../src/analyse/analyse-family.js';
import { setValueCache } from '../../src/analyse/set-values.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import type { Ruleset } from '../../src/model/ruleset.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import { planWithinLimits } from '../../src/compile/fit.js';
import { filter, webServer } from './plan-text.js';
import { anyOptions, disputed, leaves, oneByOne, sameFates } from './same-fates.js';

const rulesetOf = (file: string, text: string): Ruleset => readRuleset([{ file, text, takenAt: null }]).ruleset;

/** A list of rules in either dialect; `%`: a port, or a range of them. */
const shapes = [
  ['-p tcp -m tcp ! --dport % -j DROP', 'tcp dport != % drop'],
  ['-p udp -m udp --sport % -j DROP', 'udp sport % drop'],
  ['-i eth1 -p tcp -m tcp --dport % -j DROP', 'iifname "eth1" tcp dport % drop'],
  ['-p tcp -m tcp --dport % -j ACCEPT', 'tcp dport % accept'],
  ['-p udp -m multiport ! --dports 7,% -j DROP', 'udp dport != { 7, % } drop'],
  ['-p tcp -m multiport --dports %,7,1000:2000 -j DROP', 'tcp dport { %, 7, 1000-2000 } drop'],
  ['-p tcp -m tcp ! --sport % --dport % -j DROP', 'tcp sport != % tcp dport % drop'],
  ['-p tcp -m tcp --tcp-flags SYN SYN ! --dport % -j DROP', 'tcp flags & syn == syn tcp dport != % drop'],
] as const;

const lone = fc.constantFrom(
  ['-p tcp -m tcp --dport 80 -j ACCEPT', 'tcp dport 80 accept'],
  ['-s 203.0.113.4/30 -j ACCEPT', 'ip saddr 203.0.113.4/30 accept'],
  ['-p udp -m udp --sport 50:60 -j RETURN', 'udp sport 50-60 return'],
  ['-p tcp -j LOG', 'ip protocol tcp log'],
  ['-m conntrack --ctstate ESTABLISHED -j ACCEPT', 'ct state established accept'],
  ['-s 203.0.113.2/32 -p tcp -m tcp --dport 22 -j DROP', 'ip saddr 203.0.113.2 tcp dport 22 drop'],
);

/** Ports come again now and then. */
function portAt(i: number, seed: number, sign: string): string {
  const low = 8 + ((seed + i * (1 + (seed % 5))) % (seed % 2 === 0 ? 60000 : 50));
  return i % 7 === seed % 7 ? `${low}${sign}${low + 1 + (i % 3)}` : String(low);
}

const list = fc.tuple(fc.constantFrom(...shapes), fc.constantFrom(20, 600, 1100), fc.nat(200));
const block = fc.oneof(
  { weight: 2, arbitrary: list.map(([shape, count, seed]) => ({ shape, count, seed })) },
  { weight: 1, arbitrary: lone.map((shape) => ({ shape, count: 1, seed: 0 })) },
);

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 20);

type Dialect = 'rules.v4' | 'table ip' | 'table inet';

const textOf = (dialect: Dialect, lines: readonly string[], drops: boolean): string =>
  dialect === 'rules.v4'
    ? filter(lines.map((line) => `-A INPUT ${line}`).join('\n'), `:INPUT ${drops ? 'DROP' : 'ACCEPT'} [0:0]`)
    : `${dialect} t {\n\tchain c {\n\t\ttype filter hook input priority filter; policy ${drops ? 'drop' : 'accept'};\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n}\n`;

for (const dialect of ['rules.v4', 'table ip', 'table inet'] as const satisfies readonly Dialect[])
  test(`a plan of lists of ports is the plan of their rules: ${dialect}`, (t) => {
    let asOne = 0;
    fc.assert(
      fc.property(
        fc.array(block, { minLength: 1, maxLength: 4 }),
        anyOptions,
        fc.boolean(),
        (blocks, chosen, drops) => {
          const lines = blocks.flatMap(({ shape, count, seed }) =>
            Array.from({ length: count }, (_, i) =>
              shape[dialect === 'rules.v4' ? 0 : 1].replaceAll(
                '%',
                portAt(i, seed, dialect === 'rules.v4' ? ':' : '-'),
              ),
            ),
          );
          const text = textOf(dialect, lines, drops);
          const ruleset = rulesetOf(dialect === 'rules.v4' ? dialect : 'rules.nft', text);
          const [one, other] = [planRuleset(ruleset, chosen), planRuleset(oneByOne(ruleset), chosen)];
          sameFates(t, [one, other], text.slice(0, 2000), {
            packets: 200,
            ...(dialect === 'table inet' && { ip6Every: 2 }),
          });
          t.deepEqual(disputed(one, other, leaves), [], text.slice(0, 2000));
          for (const family of dialect === 'table inet' ? ([4, 6] as const) : ([4] as const)) {
            const { walk } = analyseFamily(ruleset, family, setValueCache(false), { ...chosen, enough: Infinity });
            asOne += [...walk.runs.asOne].filter(({ ports }) => ports).length;
          }
        },
      ),
      { numRuns },
    );
    t.true(asOne > numRuns / 8, `${asOne} lists were taken as one`);
  });

test('rules that leave out each port are one step with a counter for each', (t) => {
  const lines = Array.from({ length: 65_535 }, (_, i) => `-A INPUT -p tcp -m tcp ! --dport ${1 + i} -j DROP`);
  const options = { devices: ['eth0'], facts: webServer, strict: false };
  const { plan, image } = planWithinLimits(rulesetOf('rules.v4', filter(lines.join('\n'))), options);
  t.is(plan.prefilter.ip.steps.length, 1);
  t.is(image.counters, 65_536);
  t.true(plan.rules.every(({ reason }) => reason.code === 'fragments'));
});
