/** The whole way by the command itself: preflight, verification, attachment, residual files. */
import test from 'ava';
import { withNamespaces } from '../namespace.js';
import { ownCases } from './firewall-cases.js';
import { runCase } from './run-case.js';

for (const name of ['sets', 'stateful']) {
  test.serial(name, async (t) => {
    const firewall = ownCases().find((one) => one.name === name);
    if (firewall === undefined) throw new Error(`bug: the ruleset "${name}" is gone`);
    const report = await withNamespaces(t, (net) => runCase(net, firewall, { seed: 5, frames: 1000, command: true }));
    t.is(report.findings.length, 0, report.findings.map(({ kind, text }) => `${kind} ${text}`).join('\n'));
    t.true(report.early > 100, 'the attached program drops');
  });
}
