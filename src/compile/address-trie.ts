/**
 * IPv4 addresses of which few differ: a table by their first 16 bits, and where these do not decide, of the next 8, and the last. A lookup loads
 * one cell of each level, whatever the address is, so no branch of it depends on that.
 */
import { trieBlock, trieEnded, trieRoot } from './abi.js';
import { crossovers } from './crossovers.js';
import { endOf, type LabelledRanges } from './sweep.js';

export interface AddressTrie {
  /** Cells of each level: the number of a block of the next one, from `trieEnded` on; less: what the address is answered. */
  readonly levels: readonly [root: Uint16Array, second: Uint16Array, third: Uint16Array];
  /** By answer, where that is not the label itself. */
  readonly labels: Uint32Array | null;
  /** Ranges that it tells apart. */
  readonly elements: number;
}

/** Null: they are few, or the cache would not hold it. */
export function addressTrie(ranges: LabelledRanges): AddressTrie | null {
  if (ranges.count < crossovers.trieFrom) return null;
  const sizes = [2 ** 16, 2 ** 8].map((size) => 1 + blocksCut(ranges, size)) as [number, number];
  const cells = trieRoot + (sizes[0] + sizes[1]) * trieBlock;
  const answers = answersOf(ranges.labels);
  if (cells * 2 > crossovers.trieBytes || Math.max(...sizes, answers.count) > trieEnded) return null;
  return { ...new TrieBuilder(ranges, answers.of, sizes).build(), labels: answers.labels, elements: ranges.count };
}

/** Stretches of so many addresses in which some range begins, but not with the first of them. */
function blocksCut({ count, starts }: LabelledRanges, size: number): number {
  let [found, last] = [0, -1];
  for (let i = 0; i < count; i++) {
    const block = Math.floor(starts[i]! / size);
    if (block !== last && starts[i]! % size !== 0) [found, last] = [found + 1, block];
  }
  return found;
}

interface Answers {
  readonly count: number;
  readonly labels: Uint32Array | null;
  readonly of: (label: number) => number;
}

function answersOf(labels: Uint32Array): Answers {
  const numbers = new Map<number, number>();
  for (const label of labels) if (!numbers.has(label)) numbers.set(label, numbers.size);
  if (labels.every((label) => label < trieEnded)) return { count: numbers.size, labels: null, of: (label) => label };
  return { count: numbers.size, labels: Uint32Array.from(numbers.keys()), of: (label) => numbers.get(label)! };
}

class TrieBuilder {
  readonly #levels: readonly [Uint16Array, Uint16Array, Uint16Array];
  /** The first block of a level is for packets that need none: zeros. */
  readonly #blocks = [0, 1, 1];
  /** The range that the address lies in which was asked for last. */
  #range = 0;

  constructor(
    private readonly ranges: LabelledRanges,
    private readonly answer: (label: number) => number,
    [second, third]: readonly [number, number],
  ) {
    const cells = [trieRoot, second * trieBlock, third * trieBlock];
    this.#levels = cells.map((count) => new Uint16Array(count)) as [Uint16Array, Uint16Array, Uint16Array];
  }

  build(): Pick<AddressTrie, 'levels'> {
    this.#fill(0, 0, trieRoot, 0, 2 ** 16);
    return { levels: this.#levels };
  }

  /** So many cells of a level from `at` on, each for `size` addresses. */
  #fill(level: number, at: number, count: number, first: number, size: number): void {
    for (let i = 0; i < count; i++) this.#levels[level]![at + i] = this.#cell(level, first + i * size, size);
  }

  #cell(level: number, first: number, size: number): number {
    const { ranges } = this;
    while (endOf(ranges, this.#range) <= first) this.#range++;
    if (endOf(ranges, this.#range) >= first + size) return this.answer(ranges.labels[this.#range]!);
    const block = this.#blocks[level + 1]!++;
    this.#fill(level + 1, block * trieBlock, trieBlock, first, size / trieBlock);
    return trieEnded + block;
  }
}
