/** What is measured, by name: results are found by it again. */
export const scenarios = {
  one: 'one source more, in a list of',
  many: '10,000 sources more, in a list of',
  mitigation: 'time to mitigation, with a list of',
  counters: 'packets and bytes of all read, counters',
} as const;

/** Lists that are replaced as a whole. */
export const replaced = {
  sources: 'rules of a source',
  ports: 'rules of a source and a port',
  protocols: 'rules of a source and a port of TCP or UDP in turn',
  comments: 'rules of a source and a port, each with a comment of its own',
  turns: 'rules of three kinds in turn',
  negatedPorts: 'rules of a source and all ports but one',
  negatedSources: 'rules of all sources but one, and a port',
  sets: 'rules of one of 1,000 sets and a port',
  accepts: 'rules that accept a source and a port',
  logs: 'rules that log a source with a prefix of their own, or drop it, in turn',
  nftPorts: 'nft rules of a source and a port',
  nftTurns: 'nft rules of three kinds in turn',
  nftInetPorts: 'nft rules of a port of TCP or UDP in turn, in a table inet',
  nftPairs: 'nft rules of two sources each',
} as const;

export const replacing = (list: string): string => `from text to attached, ${list}`;

export const inPlace = 'offload, in place (library)';
export const runningAgain = 'offload, run again (command)';
export const library = 'offload, whole replacement (library)';
export const reading = 'offload (library)';
export const manySources = 10_000;
