/**
 * The long run: `npx tsx test/kernel/differential/run.ts [--seed N] [--frames N] [--random N] [--show N] [--text] [NAME…]`.
 * Named rulesets (all unless given), then as many random ones. Prints a line each and its findings
 * (`--text`: also the random ruleset they are in; `--random 1 --seed N` repeats random ruleset N); exits with 1 if there is any.
 */
import { parseArgs } from 'node:util';
import { withNamespaces } from '../namespace.js';
import { dumpsOf } from './firewall-case.js';
import { firewallCases } from './firewall-cases.js';
import { randomCase } from './random-ruleset.js';
import { runCase, type CaseReport } from './run-case.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    frames: { type: 'string', default: '2000' },
    random: { type: 'string', default: '0' },
    text: { type: 'boolean', default: false },
    show: { type: 'string', default: '5' },
  },
});
const seed = Number(values.seed);
const show = Number(values.show);

function print(report: CaseReport): void {
  const { name, datagrams, frames, tracked, survived, answered, silent, early, decisions, findings } = report;
  const rules = `${decisions.full} full ${decisions.partial} partial ${decisions.none} none`;
  console.log(
    `${name}: ${datagrams} datagrams (${frames} frames): ${survived} through, ${answered} answered, ${silent} dropped, ${early} of them early, ${tracked} passed as tracked · rules ${rules} · ${findings.length} findings`,
  );
  for (const kind of new Set(findings.map((finding) => finding.kind))) {
    const such = findings.filter((finding) => finding.kind === kind);
    console.log(`  ${kind}: ${such.length}`);
    for (const { backend, text } of such.slice(0, show))
      console.log(`  [${backend}] ${text.replaceAll('\n', '\n    ')}`);
  }
}

console.log(`seed ${seed}`);
const named = firewallCases().filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const random = Array.from({ length: Number(values.random) }, (_, i) => ({ ...randomCase(seed + i), seed: seed + i }));
let bad = 0;
for (const firewall of [...(Number(values.random) > 0 && positionals.length === 0 ? [] : named), ...random]) {
  const own = 'seed' in firewall ? Number(firewall.seed) : seed;
  try {
    const report = await withNamespaces({ log: console.error }, (net) =>
      runCase(net, firewall, { seed: own, frames: Number(values.frames) }),
    );
    print(report);
    if (report.findings.length > 0 && 'seed' in firewall && values.text)
      for (const { text } of dumpsOf(firewall)) console.log(text);
    bad += report.findings.length;
  } catch (error) {
    bad++;
    console.log(`${firewall.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}
process.exit(bad === 0 ? 0 : 1);
