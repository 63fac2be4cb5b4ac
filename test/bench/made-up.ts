/** Results that nobody measured, with something for every page: figures are chosen so that they are found again in a text. */
import { measurementOf } from '../../bench/harness/interleave.js';
import type { Measurement, PartResult, Unit } from '../../bench/harness/result.js';
import { scenarios as capacity } from '../../bench/capacity/names.js';
import { library, inPlace, replaced, replacing, scenarios as updates } from '../../bench/updates/names.js';
import { packets, scenarios as watch, who } from '../../bench/watch/names.js';
import { moved, noRules, original, scenarios as legitimate } from '../../bench/legitimate/names.js';
import { defended, noDefence, scenarios as goodput } from '../../bench/goodput/names.js';

const of = (
  subject: string,
  scenario: string,
  size: number | null,
  value: number,
  unit: Unit = 'ns/packet',
): Measurement => measurementOf({ subject, scenario, size, unit }, [value, value + 2, value - 1]);

function result(part: string, measurements: readonly Measurement[]): PartResult {
  return {
    schemaVersion: 1,
    part,
    recorded: '2026-01-02T03:04:05.000Z',
    seconds: 12,
    commit: '0123456789ab',
    full: true,
    machine: {
      processor: 'Example <CPU>',
      processors: 2,
      caches: 'L1 32K',
      memory: 8,
      kernel: '6.1.0',
      system: 'Debian',
      load: 0.1,
      versions: { node: '20.0.0' },
    },
    settings: { rounds: 3 },
    measurements,
    goals: [],
    remarks: [],
  };
}

function dataplane(): Measurement[] {
  const blocks = ['IPv4 addresses', 'IPv4 networks', 'IPv6 addresses', 'IPv6 networks'].flatMap((name) => [
    of('XDP_DROP', `${name}, one key`, null, 6),
    of('parse only', name, null, 11),
    ...[1, 1000, 100_000, 1_000_000].flatMap((size) => [
      of('offload', `${name}, hit`, size, 20 + Math.log10(size)),
      of('offload', `${name}, miss`, size, 15 + Math.log10(size)),
      of('offload', `${name}, one key`, size, 16),
      of(name.endsWith('addresses') ? 'kernel hash' : 'kernel trie', `${name}, hit`, size, 60 + size / 1000),
    ]),
  ]);
  const rules = ['ACL', 'FW', 'IPC'].flatMap((kind) =>
    [100, 1000].map((size) => of('offload', `${kind} rules, hit`, size, 40 + size / 100)),
  );
  return [...blocks, of('parse only', 'rules', null, 12), ...rules];
}

export function madeUp(): PartResult[] {
  return [
    result('dataplane', dataplane()),
    result('capacity', [
      ...Object.values(capacity).flatMap((scenario) => [
        of('nft set (raw)', scenario, 1024, 240),
        of('ipset (iptables raw)', scenario, 1024, 270),
        of('offload, native XDP', scenario, 1024, 50),
      ]),
    ]),
    result('legitimate', [
      of(noRules, legitimate.packets, 0, 300),
      ...[1, 1000, 10_000].flatMap((size) => [
        of(original, legitimate.packets, size, 300 + size * 2),
        of(moved, legitimate.packets, size, 320),
      ]),
      of(noRules, legitimate.requests, 0, 20_000, 'requests/s'),
      of(original, legitimate.requests, 10_000, 3000, 'requests/s'),
      of(moved, legitimate.requests, 10_000, 19_000, 'requests/s'),
    ]),
    result(
      'goodput',
      [noDefence, ...defended].flatMap((name, i) =>
        [0, 500_000].flatMap((rate) => [
          of(name, goodput.requests, rate, 20_000 - (rate / 100) * (6 - i), 'requests/s'),
          of(name, goodput.sent, rate, rate === 0 ? 1 : 0.4 + i, 'Mpackets/s'),
        ]),
      ),
    ),
    result('updates', [
      of(inPlace, updates.one, 1_000_000, 1.5, 'ms'),
      of(inPlace, updates.mitigation, 1000, 3, 'ms'),
      of(library, replacing(replaced.sources), 100_000, 900, 'ms'),
    ]),
    result('watch', [
      of(who.nft, watch.drop, null, 25, 'ms'),
      of(who.ipset, watch.drop, null, 1000, 'ms'),
      of(who.nft, watch.rule, null, 700, 'ms'),
      of(who.library, watch.step, 1000, 110, 'ms'),
      measurementOf({ subject: packets.lost, scenario: watch.packets, size: 1020, unit: 'packets' }, [0]),
      measurementOf({ subject: packets.leaked, scenario: watch.packets, size: 20, unit: 'packets' }, [3]),
      of(who.watcher, watch.idle, null, 3.4, '%'),
    ]),
    result('planning', [
      of('offload', 'iptables rules', 100_000, 1.5, 's'),
      of('offload', 'iptables rules', 100_000, 300, 'MB'),
      of('iptables-nft-restore', 'iptables rules', 100_000, 1.2, 's'),
      of('iptables-nft-restore', 'iptables rules', 100_000, 60, 'MB'),
    ]),
  ];
} // prettier-ignore
