/** The status as people and as scripts read it. */
import { Ajv } from 'ajv';
import test from 'ava';
import pc from 'picocolors';
import { droppedPerSecond, type Pending, type Since, statusJson, statusText } from '../../src/report/status-report.js';
import schema from '../../src/report/status.schema.json' with { type: 'json' };
import { topSourcesText } from '../../src/report/top-sources.js';
import { device, evil, nothingPending, rule, watch } from './status-samples.js';

const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);
const style = { columns: 110, colors: pc.createColors(false), all: false };
const top = {
  seconds: 3.2,
  samples: 10,
  sources: [
    { source: '198.18.0.1', samples: 6, share: 0.6 },
    { source: '2001:db8::7', samples: 4, share: 0.4 },
  ],
};
const printed = (devices = [device('eth0')], pending: Pending = nothingPending, since: Since | null = null): string =>
  [...statusText(devices, pending, style, since)].join('');

test('the JSON is what its schema says, whatever is attached', (t) => {
  const pending = { confirmBy: Date.parse('2026-01-02T03:04:05Z'), residualTables: ['filter'] };
  const cases = [
    statusJson([], nothingPending),
    statusJson([device('eth0'), device('eth1', { mode: 'generic', rules: null, attachedAt: null })], pending),
    statusJson(
      [device('eth0', { watch: watch() }), device('eth1', { watch: watch({ passing: evil, lastChange: null }) })],
      pending,
    ),
    ...[null, 42.5, -3, Infinity, -Infinity].map((lease) => statusJson([device('eth0', { lease })], nothingPending)),
    statusJson([], nothingPending, top),
    statusJson([device(evil, { rules: [rule(evil, 1n << 40n, evil)] })], nothingPending),
  ];
  for (const text of cases) t.true(validate(JSON.parse(text)), JSON.stringify(validate.errors));
  t.is((JSON.parse(cases[1] ?? '') as { confirmBy: string }).confirmBy, '2026-01-02T03:04:05.000Z');
  t.false(validate({ ...(JSON.parse(cases[0] ?? '') as object), extra: 1 }));
  t.false(validate({ schemaVersion: 1, devices: [{ device: 'eth0' }], confirmBy: null, residualTables: [] }));
});

test('the lease is told, and whether it has run out', (t) => {
  const told = (lease: number | null): readonly unknown[] => [
    printed([device('eth0', { lease })]).split('\n')[1],
    (JSON.parse(statusJson([device('eth0', { lease })], nothingPending)) as { devices: { lease: unknown }[] })
      .devices[0]?.lease,
  ];
  t.deepEqual(told(null), ['  made from rules.v4', null]);
  t.deepEqual(told(41.2), ['  lease: 42 s left', { dropping: true, secondsLeft: 41.2 }]);
  t.deepEqual(told(-10.2), ['  lease ran out 10 s ago: everything passes', { dropping: false, secondsLeft: -10.2 }]);
  t.deepEqual(told(Infinity), ['  lease: without end', { dropping: true, secondsLeft: null }]);
  t.deepEqual(told(-Infinity), ['  everything passes, as it was told to', { dropping: false, secondsLeft: null }]);
});

test('sources are told as shares of a sample', (t) => {
  t.is(
    [...topSourcesText(top, 12_000, style)].join(''),
    `Sources of what is dropped, by a sample of 10 packets in the last 3 seconds
  share  per second  source
   60 %      ~7,200  198.18.0.1
   40 %      ~4,800  2001:db8::7
`,
  );
  t.regex([...topSourcesText(top, null, style)].join(''), /\n {2}share {2}source\n {3}60 % {2}198\.18\.0\.1\n/);
  t.regex(
    [...topSourcesText({ seconds: 0.1, samples: 0, sources: [] }, null, style)].join(''),
    /^Nothing was sampled in the last 1 second:/,
  );
});

test('what all devices drop in a second; those that share their counters are one', (t) => {
  const at = (packets: bigint, counters = 7) => device('eth0', { counters, drops: { packets, bytes: 0n } });
  t.is(droppedPerSecond([at(30n), at(30n), at(5n, 8)], { devices: [at(10n), at(10n), at(1n, 8)], seconds: 2 }), 12);
  // One that has just come, or counts anew.
  t.is(droppedPerSecond([at(30n), at(5n, 8)], { devices: [at(10n)], seconds: 2 }), null);
  t.is(droppedPerSecond([at(3n)], { devices: [at(10n)], seconds: 2 }), null);
});

test('rules with drops, most first; the back end of iptables is told', (t) => {
  const text = printed();
  t.regex(text, /^eth0: native XDP, program 42 since 2026-01-02 03:04:05 UTC\n {2}made from rules\.v4\n/);
  t.regex(text, /20 .*ip filter@legacy INPUT 2.*\n.* 10 .*ip filter INPUT 1 /);
});

test('of more rules than fit, the rest is counted', (t) => {
  const rules = Array.from({ length: 25 }, (_, i) => rule(`ip filter INPUT ${String(i + 1)}`, BigInt(i)));
  t.regex(
    printed([device('eth0', { rules })]),
    /INPUT 25 .*INPUT 6 .*\n {2}… and 4 more rules \(--all lists them\)\n$/s,
  );
});

test('an earlier look gives rates, and the busiest rule comes first', (t) => {
  const before = device('eth0', {
    drops: { packets: 10n, bytes: 600n },
    rules: [rule('ip filter INPUT 1', 0n), rule('ip filter@legacy INPUT 2', 20n)],
  });
  const text = printed([device('eth0')], nothingPending, { devices: [before], seconds: 2 });
  t.regex(text, /, 10 dropped per second\n/);
  t.regex(text, /per second {2}rule\n +10 +600 bytes +5 +ip filter INPUT 1 .*\n +20 .* 0 +ip filter@legacy INPUT 2/);
  // Rules of another program may have other numbers.
  t.notRegex(
    printed([device('eth0', { programId: 43 })], nothingPending, { devices: [before], seconds: 2 }),
    /per second/,
  );
});

test('who follows the host, how late a change may be, and whether everything passes', (t) => {
  const text = printed([device('eth0', { watch: watch() })]);
  t.regex(
    text,
    /followed by process 4711 since 2026-01-02 03:04:05 UTC, last change 04:05:06 UTC: elements of ipset:bad\n/,
  );
  t.regex(text, /12,345 elements changed in place, 3 plans; a change is in XDP within 1\.0 s \(ipset\)\n/);
  t.notRegex(text, /everything passes/);
  t.regex(printed([device('eth0', { watch: watch({ passing: 'rule added' }) })]), /everything passes: rule added\n/);
  t.regex(
    printed([device('eth0', { watch: watch({ isAlive: false }) })]),
    /not followed any more: process 4711 has ended/,
  );
});

test('what may still be undone is told', (t) => {
  const text = printed([], { confirmBy: Date.parse('2026-01-02T03:04:05Z'), residualTables: ['filter', 'inet own'] });
  t.regex(text, /^Nothing is attached\.\nNetfilter holds what is left in filter, inet own;/);
  t.regex(text, /Not confirmed: all of it is undone at 2026-01-02 03:04:05 UTC unless `offload confirm` is run\./);
});

test('nothing in a ruleset reaches the terminal as a control character', (t) => {
  const text = printed(
    [
      device('eth1', { watch: watch({ passing: evil, lastChange: { at: evil, what: evil } }) }),
      device(evil, { files: [evil], rules: [rule(evil, 1n, `-A INPUT -m comment --comment "${evil}" -j DROP`)] }),
    ],
    { confirmBy: null, residualTables: [evil] },
  );
  t.notRegex(text.replaceAll('\n', ''), /[\u0000-\u001f\u007f-\u009f\u202e]/);
  t.is(text.split('\n').filter((line) => line.startsWith('d')).length, 0, 'no line is begun by a ruleset');
});

test('where the program of a VLAN device is', (t) => {
  const through = device('eth0.10', { through: 'eth0' });
  t.regex(printed([through]), /^eth0\.10: native XDP on eth0, program 42 since /);
  t.regex(printed([device('eth0')]), /^eth0: native XDP, program 42 since /);
  t.true(validate(JSON.parse(statusJson([through], nothingPending))), JSON.stringify(validate.errors));
});
