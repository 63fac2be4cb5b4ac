/** The text format of Prometheus (0.0.4), line by line. */
import test from 'ava';
import { metrics, prometheusReport } from '../../src/report/prometheus-report.js';
import type { DeviceStatus, Pending } from '../../src/report/status-report.js';
import { device, evil, nothingPending, rule } from './status-samples.js';

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
}

const labelPattern = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/gy;

function labelsOf(text: string): Record<string, string> {
  const found = [...text.matchAll(labelPattern)];
  if (found.map(([all]) => all).join('') !== text) throw new Error(`no labels: ${text}`);
  return Object.fromEntries(
    found.map(([, name = '', value = '']) => [
      name,
      value.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character)),
    ]),
  );
}

/** As the format's own rules have it: HELP, TYPE, then the samples of this metric and of no other; a line feed at the end. */
function parsed(text: string): Map<string, { type: string; samples: Sample[] }> {
  const found = new Map<string, { type: string; samples: Sample[] }>();
  if (!text.endsWith('\n')) throw new Error('no line feed at the end');
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-z_]+) \S.*$/.exec(line);
    const type = /^# TYPE ([a-z_]+) (counter|gauge)$/.exec(line);
    const sample = /^([a-z_]+)(?:\{(.*)\})? (-?\d+(?:\.\d+)?|[+-]Inf)$/.exec(line);
    if (help?.[1] !== undefined) {
      if (found.has((current = help[1]))) throw new Error(`twice: ${current}`);
      found.set(current, { type: '', samples: [] });
      continue;
    }
    const metric = found.get(current);
    if (metric === undefined || (type ?? sample)?.[1] !== current) throw new Error(`out of place: ${line}`);
    if (type) metric.type = type[2] ?? '';
    else if (sample) metric.samples.push({ labels: labelsOf(sample[2] ?? ''), value: sample[3] ?? '' });
  }
  return found;
}

const printed = (devices: readonly DeviceStatus[], pending: Pending = nothingPending) =>
  parsed([...prometheusReport(devices, pending)].join(''));

test('every metric has help, type and samples in the format; counters end in _total', (t) => {
  const found = printed([device('eth0')], { confirmBy: 1, residualTables: ['filter', 'inet own'] });
  t.deepEqual([...found.keys()], Object.keys(metrics));
  for (const [name, { type }] of found) {
    t.is(type, metrics[name as keyof typeof metrics][0]);
    t.is(name.endsWith('_total'), type === 'counter', name);
  }
  const samples = (name: keyof typeof metrics): readonly Sample[] => found.get(name)?.samples ?? [];
  t.deepEqual(samples('offload_attached'), [{ labels: { device: 'eth0', mode: 'native' }, value: '1' }]);
  t.is(samples('offload_attached_timestamp_seconds')[0]?.value, '1767323045.678');
  t.deepEqual(samples('offload_rule_dropped_packets_total'), [
    { labels: { devices: 'eth0', rule: 'ip filter INPUT 1' }, value: '10' },
    { labels: { devices: 'eth0', rule: 'ip filter@legacy INPUT 2' }, value: '20' },
  ]);
  t.is(samples('offload_rule_dropped_bytes_total')[1]?.value, '1200');
  t.deepEqual(samples('offload_residual_tables'), [{ labels: {}, value: '2' }]);
  t.deepEqual(samples('offload_unconfirmed'), [{ labels: {}, value: '1' }]);
});

test('a lease, and whether anything is dropped', (t) => {
  for (const [lease, seconds, dropping] of [
    [null, undefined, '1'],
    [41.25, '41.25', '1'],
    [0.0000001, '0', '1'],
    [-3, '-3', '0'],
    [Infinity, '+Inf', '1'],
    [-Infinity, '-Inf', '0'],
  ] as const) {
    const found = printed([device('eth0', { lease })]);
    t.is(found.get('offload_lease_seconds')?.samples[0]?.value, seconds);
    t.is(found.get('offload_dropping')?.samples[0]?.value, dropping);
  }
});

test('nothing attached is no error, and is told', (t) => {
  const found = printed([]);
  t.deepEqual(found.get('offload_attached')?.samples, []);
  t.is(found.get('offload_unconfirmed')?.samples[0]?.value, '0');
});

test('devices that share their counters have one sample of them', (t) => {
  const found = printed([device('eth0'), device('eth1'), device('eth2', { counters: 8 })]);
  t.is(found.get('offload_attached')?.samples.length, 3);
  t.deepEqual(
    found.get('offload_dropped_packets_total')?.samples.map(({ labels }) => labels['devices']),
    ['eth0,eth1', 'eth2'],
  );
});

test('labels are escaped', (t) => {
  const found = printed([device(evil, { rules: [rule(evil, 1n)] })]);
  for (const name of ['offload_attached', 'offload_rule_dropped_packets_total']) {
    const { device: one, rule: other } = found.get(name)?.samples[0]?.labels ?? {};
    t.is(other ?? one, 'a\\x1b[31m"b\\c\\x0ad\\u{202e}e');
  }
});
