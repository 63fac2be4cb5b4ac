/**
 * The long run: `npx tsx test/kernel/differential/run.ts [--seed N] [--frames N] [--random N] [--kind iptables|nft|mixed] [--traffic]
 * [--no-conntrack] [--show N] [--text] [--table FILE] [NAME…]`.
 *
 * Named rulesets (all unless given), then as many random hosts. Prints a line each and its findings (`--text`: also the random ruleset
 * they are in; `--random 1 --seed N` repeats random host N), then what part of the silent drops XDP took; exits with 1 if there is any
 * finding. `--traffic`: frames as the internet sends them instead of edges and traps. Every third random host is without conntrack in XDP.
 * `--table` writes the outcome between the marks in FILE.
 */
import { parseArgs } from 'node:util';
import { withNamespaces } from '../namespace.js';
import { dumpsOf, type FirewallCase } from './firewall-case.js';
import { firewallCases } from './firewall-cases.js';
import { kindOf, randomHost, randomKinds, type RandomKind } from './random-cases.js';
import { runCase, type CaseReport } from './run-case.js';
import { createTally } from './tally.js';
import { trafficDatagrams } from './traffic.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    frames: { type: 'string', default: '2000' },
    random: { type: 'string', default: '0' },
    kind: { type: 'string' },
    traffic: { type: 'boolean', default: false },
    'no-conntrack': { type: 'boolean', default: false },
    text: { type: 'boolean', default: false },
    show: { type: 'string', default: '5' },
    table: { type: 'string' },
  },
});
const seed = Number(values.seed);
const frames = Number(values.frames);
const kind = values.kind as RandomKind | undefined;
if (kind !== undefined && !randomKinds.includes(kind)) throw new Error(`--kind is one of ${randomKinds.join(', ')}`);

function print(report: CaseReport): void {
  const { name, datagrams, tracked, survived, answered, silent, early, decisions, findings } = report;
  const rules = `${decisions.full} full ${decisions.partial} partial ${decisions.none} none`;
  console.log(
    `${name}: ${datagrams} datagrams (${report.frames} frames): ${survived} through, ${answered} answered, ${silent} dropped, ${early} of them early, ${tracked} passed as tracked · rules ${rules} · ${findings.length} findings`,
  );
  const missed = [...report.missed].sort(([, a], [, b]) => b - a).map(([why, count]) => `${why} ${count}`);
  if (missed.length > 0) console.log(`  not early: ${missed.join(', ')}`);
  for (const found of new Set(findings.map((finding) => finding.kind))) {
    const such = findings.filter((finding) => finding.kind === found);
    console.log(`  ${found}: ${such.length}`);
    for (const { backend, text } of such.slice(0, Number(values.show)))
      console.log(`  [${backend}] ${text.replaceAll('\n', '\n    ')}`);
  }
}

interface Run {
  readonly firewall: FirewallCase;
  readonly seed: number;
  readonly group: string;
  readonly conntrack: boolean;
}

const count = Number(values.random);
const named = firewallCases()
  .filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  .map((firewall): Run => ({ firewall, seed, group: 'named', conntrack: !values['no-conntrack'] }));
const random = Array.from({ length: count }, (_, i): Run => {
  const own = seed + i;
  const chosen = kind ?? kindOf(own);
  const conntrack = !values['no-conntrack'] && Math.floor(own / randomKinds.length) % 3 !== 0;
  const group = `random ${chosen}${conntrack ? '' : ', conntrack not asked'}`;
  return { firewall: randomHost(own, chosen), seed: own, group, conntrack };
});

console.log(`seed ${seed}`);
const tally = createTally(seed, frames);
let failed = 0;
for (const run of [...(count > 0 && positionals.length === 0 && values.table === undefined ? [] : named), ...random]) {
  const { firewall, conntrack } = run;
  try {
    const traffic = values.traffic ? { flows: [], datagrams: trafficDatagrams(firewall, frames, run.seed) } : {};
    const report = await withNamespaces({ log: console.error }, (net) =>
      runCase(net, firewall, { seed: run.seed, frames, conntrack, ...traffic }),
    );
    print(report);
    tally.add(values.traffic || run.group === 'named' ? firewall.name : run.group, report);
    if (report.findings.length > 0 && run.group !== 'named' && values.text)
      for (const { text } of dumpsOf(firewall)) console.log(text);
  } catch (error) {
    failed++;
    console.log(`${firewall.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}
for (const line of tally.lines()) console.log(line);
if (values.table !== undefined && failed === 0) tally.write(values.table);
process.exit(failed === 0 && tally.findings() === 0 ? 0 : 1);
