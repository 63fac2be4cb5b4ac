/** The host, and from where its peer sends. */
export const addresses = { host: '192.0.2.25', good: '192.0.2.1', bad: '198.18.0.7', other: '198.18.0.8' } as const;

/** Drops what is in a set: at first packets from `bad`. */
export const quietTable = `table inet own {
  set quiet { type ipv4_addr; elements = { ${addresses.bad} } }
  chain in { type filter hook input priority 0
    ip saddr @quiet drop
  }
}
`;
