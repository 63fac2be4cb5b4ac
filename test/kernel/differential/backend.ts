/** The two kernels' worth of iptables; nft's own rulesets are loaded by `nft -f`, beside either. */
export const backends = ['legacy', 'nft'] as const;
export type Backend = (typeof backends)[number];

/** Dump file and the tool that it belongs to. */
export const ipFamilies = { 'rules.v4': 'iptables', 'rules.v6': 'ip6tables' } as const;
