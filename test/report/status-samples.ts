/** What the commands that watch are given, made by hand. */
import type { DeviceStatus, Pending, RuleDrops } from '../../src/report/status-report.js';

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
  mode: 'native',
  programId: 42,
  counters: 7,
  attachedAt: '2026-01-02T03:04:05.678Z',
  files: ['rules.v4'],
  passed: 1000n,
  drops: { packets: 30n, bytes: 1800n },
  rules: [rule('ip filter INPUT 1', 10n), rule('ip filter@legacy INPUT 2', 20n)],
  ...more,
});

export const nothingPending: Pending = { confirmBy: null, residualTables: [] };
