/** What is measured, by name: results are found by it again. */
export const noRules = 'no rules';
export const original = 'iptables, the rules as they were';
export const moved = 'offload: prefilter and residual';

export const scenarios = {
  packets: 'UDP packets that pass',
  requests: 'HTTP, 32 connections',
  median: 'HTTP, one connection, half of the requests',
  late: 'HTTP, one connection, 99 in 100 of the requests',
} as const;
