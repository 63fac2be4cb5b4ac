/** The rulesets of the suite and the samples, original against XDP plus residual, in real kernels' namespaces. */
import test from 'ava';
import { withNamespaces } from '../namespace.js';
import { backends } from './backend.js';
import { firewallCases } from './firewall-cases.js';
import { randomHost } from './random-cases.js';
import { runCase, type CaseReport } from './run-case.js';

/** OFFLOAD_SEED=N takes other frames and other random hosts. `npm run test:long` takes many. */
const seed = Number(process.env['OFFLOAD_SEED'] ?? 1);
const frames = 300;
const cases = [...firewallCases(), ...Array.from({ length: 3 }, (_, i) => randomHost(seed + i))];

test.before((t) => t.log(`seed ${seed}`));

function tell({ datagrams, survived, answered, silent, early, decisions, findings }: CaseReport): string[] {
  const share = silent === 0 ? '-' : `${Math.round((100 * early) / silent)} %`;
  const summary = `${datagrams} datagrams: ${survived} through, ${answered} answered, ${silent} dropped (${share} of them in XDP); ${decisions.full} full, ${decisions.partial} partial`;
  return [summary, ...findings.slice(0, 5).map(({ kind, backend, text }) => `${kind} [${backend}] ${text}`)];
}

/** One half by one back end, the other half by the other; with the next seed the other way round. `npm run test:long` takes both. */
for (const [i, firewall] of cases.entries()) {
  const backend = backends[(i + seed) % backends.length]!;
  test.serial(firewall.name, async (t) => {
    t.timeout(300_000);
    const report = await withNamespaces(t, (net) => runCase(net, firewall, { seed, frames, backend }));
    t.log(...tell(report).map((line) => `${line}\n`));
    t.true(report.datagrams >= 0.9 * frames, 'as many datagrams as asked for');
    t.true(report.survived + report.answered + report.silent > 0, 'frames arrive at all');
    t.is(report.findings.length, 0, tell(report).slice(1).join('\n'));
  });
}
