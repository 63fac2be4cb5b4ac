/** The suite has to notice: an unsound program, and a residual that lacks a rule. */
import test from 'ava';
import { withNamespaces } from '../namespace.js';
import { ownCases } from './firewall-cases.js';
import { runCase, type CaseOptions } from './run-case.js';

const firewall = (() => {
  const found = ownCases().find(({ name }) => name === 'effects');
  if (found === undefined) throw new Error('bug: the ruleset "effects" is gone');
  return found;
})();

const kinds = async (
  t: { log: (...values: string[]) => void },
  options: Partial<CaseOptions>,
): Promise<Set<string>> => {
  const report = await withNamespaces(t, (net) => runCase(net, firewall, { seed: 7, frames: 600, ...options }));
  return new Set(report.findings.map(({ kind, backend }) => `${backend} ${kind}`));
};

test.serial('as it is: nothing found', async (t) => {
  t.deepEqual([...(await kinds(t, {}))], []);
});

test.serial('a program that drops every UDP packet is found unsound', async (t) => {
  const found = await kinds(t, { dropProtocol: 17 });
  t.true(found.has('legacy unsound'));
  t.true(found.has('nft unsound'));
  t.true(found.has('legacy effect'), 'UDP no longer reaches LOG, recent and REJECT');
});

for (const [what, rule] of [
  ['a drop', /^-A INPUT -p icmp -j DROP\n/m],
  ['a mark', /^-A PREROUTING .* -j MARK .*\n/m],
] as const) {
  test.serial(`a residual that lacks ${what} is found`, async (t) => {
    const found = await kinds(t, { spoilResidual: (text) => text.replace(rule, '') });
    t.true(found.has('legacy difference'));
    t.true(found.has('nft difference'));
  });
}

test.serial('a residual that lacks a LOG is found by its counters alone', async (t) => {
  const found = await kinds(t, { spoilResidual: (text) => text.replace(/^-A INPUT .* -j LOG .*\n/m, '') });
  t.deepEqual([...found].sort(), ['legacy effect', 'nft effect']);
});
