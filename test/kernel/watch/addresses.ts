/** The host, and from where its peer sends. */
export const addresses = { host: '192.0.2.25', good: '192.0.2.1', bad: '198.18.0.7', other: '198.18.0.8' } as const;
