/** Counters in the text format of Prometheus, for node_exporter's textfile collector. Names and units follow its naming rules. */
import { printable } from './printable.js';
import type { DeviceStatus, Pending, WatchStatus } from './status-report.js';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number | bigint];

/** Every metric, in the order it is printed. */
export const metrics = {
  offload_attached: ['gauge', 'The prefilter is attached to this device.'],
  offload_attached_timestamp_seconds: ['gauge', 'When the prefilter was attached, seconds since the epoch.'],
  offload_lease_seconds: [
    'gauge',
    'Seconds for which XDP goes on to drop without a renewal; negative: since it passes everything. Only of filters with a lease.',
  ],
  offload_dropping: ['gauge', '0 while everything passes, because the lease has run out.'],
  offload_passed_packets_total: ['counter', 'Packets that XDP passed to the stack.'],
  offload_dropped_packets_total: ['counter', 'Packets that XDP dropped.'],
  offload_dropped_bytes_total: ['counter', 'Bytes of the packets that XDP dropped, IP length.'],
  offload_rule_dropped_packets_total: ['counter', 'Packets that XDP dropped in place of this rule.'],
  offload_rule_dropped_bytes_total: [
    'counter',
    'Bytes of the packets that XDP dropped in place of this rule, IP length.',
  ],
  offload_watched: ['gauge', '1 while a process keeps the prefilter in step with the host, 0 when it has ended.'],
  offload_watch_passing: ['gauge', '1 while everything passes because the process cannot tell what is right.'],
  offload_watch_delay_seconds: [
    'gauge',
    'From a change until the prefilter has it, at worst so far, by what tells of it.',
  ],
  offload_watch_elements_total: ['counter', 'Set elements put in or taken out in place.'],
  offload_watch_plans_total: ['counter', 'Filters that the process has attached.'],
  offload_residual_tables: ['gauge', 'Tables of netfilter that hold a residual.'],
  offload_unconfirmed: ['gauge', '1 while a change waits for `offload confirm`.'],
} as const satisfies Readonly<Record<string, readonly ['gauge' | 'counter', string]>>;

type Metric = keyof typeof metrics;

/** Devices that were attached together share their counters: these have one sample for all of them, so that sums are right. */
export function* prometheusReport(devices: readonly DeviceStatus[], pending: Pending): Generator<string> {
  const samples: Record<Metric, Sample[]> = {
    offload_attached: devices.map(({ device, mode }) => [{ device, mode }, 1]),
    offload_attached_timestamp_seconds: devices.flatMap(({ device, attachedAt }): Sample[] =>
      attachedAt === null ? [] : [[{ device }, Date.parse(attachedAt) / 1000]],
    ),
    ...watchSamples(devices),
    offload_lease_seconds: devices.flatMap(({ device, lease }): Sample[] =>
      lease === null ? [] : [[{ device }, rounded(lease)]],
    ),
    offload_dropping: devices.map(({ device, lease }) => [{ device }, lease === null || lease > 0 ? 1 : 0]),
    offload_passed_packets_total: [],
    offload_dropped_packets_total: [],
    offload_dropped_bytes_total: [],
    offload_rule_dropped_packets_total: [],
    offload_rule_dropped_bytes_total: [],
    offload_residual_tables: [[{}, pending.residualTables.length]],
    offload_unconfirmed: [[{}, pending.confirmBy === null ? 0 : 1]],
  };
  for (const group of sharing(devices)) {
    const [first] = group;
    if (first === undefined) continue;
    const names = { devices: group.map(({ device }) => device).join(',') };
    samples.offload_passed_packets_total.push([names, first.passed]);
    samples.offload_dropped_packets_total.push([names, first.drops.packets]);
    samples.offload_dropped_bytes_total.push([names, first.drops.bytes]);
    for (const { rule, packets, bytes } of first.rules ?? []) {
      samples.offload_rule_dropped_packets_total.push([{ ...names, rule }, packets]);
      samples.offload_rule_dropped_bytes_total.push([{ ...names, rule }, bytes]);
    }
  }
  for (const name of Object.keys(metrics) as Metric[]) yield metricText(name, samples[name]);
}

type WatchMetric = Extract<Metric, `offload_watch${string}`>;

function watchSamples(devices: readonly DeviceStatus[]): Record<WatchMetric, Sample[]> {
  const of = (samples: (watch: WatchStatus, labels: Labels) => Sample[]): Sample[] =>
    devices.flatMap(({ device, watch }) => (watch === null ? [] : samples(watch, { device })));
  return {
    offload_watched: of(({ isAlive }, labels) => [[labels, Number(isAlive)]]),
    offload_watch_passing: of(({ passing }, labels) => [[labels, Number(passing !== null)]]),
    offload_watch_delay_seconds: of(({ delays }, labels) =>
      delays.map(({ source, seconds }): Sample => [{ ...labels, source }, seconds]),
    ),
    offload_watch_elements_total: of(({ elements }, labels) => [[labels, elements]]),
    offload_watch_plans_total: of(({ replaced }, labels) => [[labels, replaced]]),
  };
}

function sharing(devices: readonly DeviceStatus[]): readonly (readonly DeviceStatus[])[] {
  const groups = new Map<number, DeviceStatus[]>();
  for (const device of devices) groups.set(device.counters, [...(groups.get(device.counters) ?? []), device]);
  return [...groups.values()];
}

function metricText(name: Metric, samples: readonly Sample[]): string {
  const [type, help] = metrics[name];
  const lines = samples.map(([labels, value]) => `${name}${labelText(labels)} ${numberText(value)}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

/** No exponents. */
const rounded = (seconds: number): number => (Number.isFinite(seconds) ? Number(seconds.toFixed(3)) : seconds);

const numberText = (value: number | bigint): string =>
  value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value);

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** Names come from a ruleset: no control character gets through, and quotes and backslashes as the format wants them. */
const escaped = (value: string): string => printable(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"');
