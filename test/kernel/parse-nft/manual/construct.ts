/** Texts of the nft manual's constructs, each a whole file of its own. */
export interface Construct {
  /** What part of the manual it is from; rulesets are told apart by their text. */
  readonly section: string;
  readonly text: string;
}

const lines = (block: string): string[] =>
  block
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('//'));

/** One construct a line, put where `%` stands. */
export function each(section: string, around: string, block: string): Construct[] {
  return lines(block).map((line) => ({ section, text: `${around.replace('%', () => line)}\n` }));
}

/** Whole files, separated by lines of dashes. */
export function files(section: string, block: string): Construct[] {
  return block.split(/^---+\n/m).map((text) => ({ section, text: text.replace(/^\n+/, '') }));
}

/** A rule in a base chain. */
export const inChain = (family: string, hook: string, before = ''): string =>
  `table ${family} t {\n${before}\n\tchain other {\n\t}\n\tchain c {\n\t\ttype filter hook ${hook} priority 0;\n\t\t%\n\t}\n}`;

export const inTable = (family = 'ip'): string => `table ${family} t {\n\t%\n}`;
