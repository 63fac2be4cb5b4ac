/** Numbers of linux/netfilter/nf_tables.h, by the names they have there without their prefix. */

/** `enum nf_tables_msg_types`; the low byte of a message's type, under subsystem 10. */
export const messages = {
  newTable: 0,
  delTable: 2,
  newChain: 3,
  delChain: 5,
  newRule: 6,
  delRule: 8,
  newSet: 9,
  delSet: 11,
  newElement: 12,
  delElement: 14,
  newGeneration: 15,
  newObject: 18,
  delObject: 20,
  newFlowtable: 22,
  delFlowtable: 24,
  // `destroy`, Linux 6.3: as `delete`, but it does not mind if there is nothing.
  destroyTable: 26,
  destroyChain: 27,
  destroyRule: 28,
  destroySet: 29,
  destroyElement: 30,
  destroyObject: 31,
  destroyFlowtable: 32,
} as const;

export const subsystem = 10;

/** `NFPROTO_…` */
export const families: Readonly<Record<number, string>> = {
  1: 'inet',
  2: 'ip',
  3: 'arp',
  5: 'netdev',
  7: 'bridge',
  10: 'ip6',
};

export const table = { name: 1, flags: 2, use: 3 } as const;
export const chain = { table: 1, name: 3, hook: 4, policy: 5, type: 7, flags: 10 } as const;
export const rule = { table: 1, chain: 2, expressions: 4 } as const;
export const set = { table: 1, name: 2 } as const;
/** Of a message about elements. */
export const elementList = { table: 1, set: 2, elements: 3 } as const;
export const element = {
  key: 1,
  data: 2,
  flags: 3,
  timeout: 4,
  expiration: 5,
  expression: 7,
  object: 9,
  keyEnd: 10,
  expressions: 11,
} as const;
export const elementFlags = { intervalEnd: 1 } as const;
export const data = { value: 1, verdict: 2 } as const;
export const verdict = { code: 1 } as const;
export const expression = { name: 1, data: 2 } as const;

/** `NF_DROP` */
export const drop = 0;
/** `NFT_REG_VERDICT` */
export const verdictRegister = 0;
/** `NFT_CHAIN_HW_OFFLOAD` */
export const hardwareOffload = 2;
