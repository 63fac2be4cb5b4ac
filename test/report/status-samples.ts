/** What the commands that watch are given, made by hand. */
import type { DeviceStatus, Pending, RuleDrops, WatchStatus } from '../../src/report/status-report.js';

/** An escape sequence, a quote, a backslash, a line break, a right-to-left override. */
export const evil = 'a\u001b[31m"b\\c\nd\u202ee';

export const rule = (name: string, packets: bigint, text = `-A INPUT -s 198.18.0.1/32 -j DROP`): RuleDrops => ({
  rule: name,
  text,
  packets,
  bytes: packets * 60n,
});

export const device = (name: string, more: Partial<DeviceStatus> = {}): DeviceStatus => ({
  device: name,
  through: null,
  mode: 'native',
  calledBy: null,
  handsTo: null,
  programId: 42,
  counters: 7,
  attachedAt: '2026-01-02T03:04:05.678Z',
  lease: null,
  files: ['rules.v4'],
  passed: 1000n,
  drops: { packets: 30n, bytes: 1800n },
  rules: [rule('ip filter INPUT 1', 10n), rule('ip filter@legacy INPUT 2', 20n)],
  watch: null,
  ...more,
});

export const nothingPending: Pending = { confirmBy: null, residualTables: [] };

export const watch = (more: Partial<WatchStatus> = {}): WatchStatus => ({
  pid: 4711,
  isAlive: true,
  since: '2026-01-02T03:04:05.678Z',
  lastChange: { at: '2026-01-02T04:05:06.789Z', what: 'elements of ipset:bad' },
  passing: null,
  elements: 12_345,
  replaced: 3,
  delays: [
    { source: 'nftables', seconds: 0.0123 },
    { source: 'ipset', seconds: 1.0123 },
  ],
  ...more,
});
