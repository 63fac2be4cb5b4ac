/** What is measured of `offload watch`, by name: results are found by it again. */
export const scenarios = {
  drop: 'an element added, until XDP drops it',
  pass: 'an element removed, until XDP passes it',
  rule: 'a rule inserted, until XDP drops again',
  step: 'loaded and replaced, times',
  anew: 'read, planned, verified and replaced, rules',
  packets: 'packets while it was replaced, times',
  idle: 'CPU with nothing to do',
} as const;

/** Who changes what is measured. */
export const who = { nft: 'nft', ipset: 'ipset', library: 'offload (library)', watcher: 'offload watch' } as const;

/** Packets, by whose they are and what became of them. */
export const packets = {
  lost: 'legitimate, lost',
  legitimate: 'legitimate, sent',
  leaked: 'blocked, passed by XDP',
  blocked: 'blocked, sent',
} as const;
