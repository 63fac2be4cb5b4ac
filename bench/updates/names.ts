/** What is measured, by name: results are found by it again. */
export const scenarios = {
  one: 'one source more, in a list of',
  many: '10,000 sources more, in a list of',
  mitigation: 'time to mitigation, with a list of',
  replace: 'from text to attached, lines',
  replacePorts: 'from text to attached, lines of address and port',
  replaceProtocols: 'from text to attached, lines of address and port of either protocol',
  replaceComments: 'from text to attached, lines of address and port with comments of their own',
  replaceLineTurns: 'from text to attached, lines of three kinds in turn',
  replaceNegated: 'from text to attached, lines of address and a port that is left out',
  replaceSets: 'from text to attached, lines of one of 1,000 sets and a port',
  replaceNft: 'from text to attached, nft rules of address and port',
  replaceTurns: 'from text to attached, nft rules of three kinds in turn',
  replaceInetPorts: 'from text to attached, nft rules of a port of either protocol, in a table inet',
  counters: 'packets and bytes of all read, counters',
} as const;

export const inPlace = 'offload, in place (library)';
export const replacing = 'offload, run again (command)';
export const library = 'offload, whole replacement (library)';
export const reading = 'offload (library)';
export const manySources = 10_000;
