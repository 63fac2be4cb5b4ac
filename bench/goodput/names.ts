/** What is measured, by name: results are found by it again. */
export const noDefence = 'no defence';

/** Of the defences of bench/traffic. */
export const defended: readonly string[] = [
  'iptables, one rule a source (raw)',
  'ipset (iptables raw)',
  'nft set (raw)',
  'nft set (netdev ingress)',
  'offload, native XDP',
];

export const scenarios = { requests: 'HTTP under a flood of', sent: 'flood that was sent, of' } as const;
