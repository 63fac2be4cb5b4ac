import test from 'ava';
import pc from 'picocolors';
import { summarisePrefilter } from '../../src/report/prefilter-summary.js';
import { textReport } from '../../src/report/text-report.js';
import { type RuleSpec, samplePlan } from './sample-plan.js';

function report(specs: readonly RuleSpec[], all = false, file?: string): string {
  const plan = samplePlan(specs, file);
  const outcome = { done: null, next: ['offload rules.v4 --dev eth0'] };
  const style = { columns: 100, colors: pc.createColors(false), all };
  return [...textReport(plan, summarisePrefilter(plan.prefilter, []), outcome, style)].join('');
}

const drops = (n: number, chain = 'INPUT'): RuleSpec[] =>
  Array.from({ length: n }, (_, i) => ({
    chain,
    text: `-A ${chain} -s 198.18.${String(i >> 8)}.${String(i & 255)}/32 -j DROP`,
  }));

test('100,000 like rules are one line', (t) => {
  const text = report(drops(100_000));
  t.regex(text, /ip filter INPUT 1–100000 {2}-s 198\.18\.0\.0\/32 -j DROP/);
  t.true(text.split('\n').length < 30);
});

test('many runs are cut, and --all lists them', (t) => {
  const specs = Array.from({ length: 40 }, (_, i) => drops(1, `c${String(i)}`)).flat();
  t.regex(report(specs), /… and 32 more rules \(--all lists them\)/);
  t.regex(report(specs, true), /ip filter c39 1/);
});

test('the blocking rule is quoted, and the hint follows', (t) => {
  const text = report([
    { text: '-A INPUT -j ACCEPT', offload: 'none', code: 'not-a-drop' },
    {
      text: '[1:60] -A INPUT -j DROP',
      offload: 'none',
      code: 'blocked',
      blockedBy: ['ip filter INPUT 1'],
      hint: 'it would be offloaded if it stood above line 3',
    },
  ]);
  t.regex(text, /ip filter INPUT 2 {2}-j DROP\n {6}behind: ip filter INPUT 1: -j ACCEPT\n {6}hint: it would be/);
});

test('nothing of the input reaches the terminal raw', (t) => {
  const text = report(
    [{ text: '-A INPUT -m comment --comment "\u001b]0;owned\u0007\u202e\u009b31m\r" -j DROP', message: 'a \u001b[2J' }],
    false,
    'evil\u001b[31m.v4',
  );
  t.notRegex(text.replaceAll('\n', ''), /[\u0000-\u001f\u007f-\u009f\u202e]/);
  t.regex(text, /\\x1b\]0;owned\\x07\\u\{202e\}\\x9b31m\\x0d/);
});

test('no line is longer than the terminal, whatever the rule is', (t) => {
  const long = `-A INPUT -s 192.0.2.1/32 -m comment --comment "${'word '.repeat(500)}" -j DROP`;
  const text = report([{ text: long, offload: 'none', code: 'blocked', hint: 'do something about it '.repeat(20) }]);
  for (const line of text.split('\n')) t.true(line.length <= 100, line);
});
