/**
 * IPv4 addresses of which few differ: a table by their first 16 bits, and where these do not decide, of the next 8, and the last. A lookup loads
 * one cell of each level, whatever the address is, so no branch of it depends on that.
 */
import { trieBlock, trieEnded, trieRoot } from './abi.js';
import { crossovers } from './crossovers.js';
import { endOf, type LabelledRanges } from './sweep.js';

export interface AddressTrie {
  /** Cells: the number of a block, from `trieEnded` on; less: what the address is answered. */
  readonly root: Uint16Array;
  readonly blocks: Uint16Array;
  /** By answer, where that is not the label itself. */
  readonly labels: Uint32Array | null;
  /** Ranges that it tells apart. */
  readonly elements: number;
}

/** Null: they are few, or it would take more than so many bytes. */
export function addressTrie(ranges: LabelledRanges, most: number): AddressTrie | null {
  if (ranges.count < crossovers.trieFrom) return null;
  const blocks = 1 + blocksCut(ranges, 2 ** 16) + blocksCut(ranges, 2 ** 8);
  const cells = trieRoot + blocks * trieBlock;
  const answers = answersOf(ranges.labels);
  if (cells * 2 > most || Math.max(blocks, answers.count) > trieEnded) return null;
  return { ...new TrieBuilder(ranges, answers.of, blocks).build(), labels: answers.labels, elements: ranges.count };
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
  readonly #root = new Uint16Array(trieRoot);
  readonly #blocks: Uint16Array;
  /** The first block is for packets that need none: zeros. */
  #count = 1;
  /** The range that the address lies in which was asked for last. */
  #range = 0;

  constructor(
    private readonly ranges: LabelledRanges,
    private readonly answer: (label: number) => number,
    blocks: number,
  ) {
    this.#blocks = new Uint16Array(blocks * trieBlock);
  }

  build(): Pick<AddressTrie, 'root' | 'blocks'> {
    this.#fill(this.#root, 0, 2 ** 16);
    return { root: this.#root, blocks: this.#blocks };
  }

  /** Cells, each for `size` addresses. A block stands before those that its cells lead to: what is looked up together is near. */
  #fill(cells: Uint16Array, first: number, size: number): void {
    for (let i = 0; i < cells.length; i++) cells[i] = this.#cell(first + i * size, size);
  }

  #cell(first: number, size: number): number {
    const { ranges } = this;
    while (endOf(ranges, this.#range) <= first) this.#range++;
    if (endOf(ranges, this.#range) >= first + size) return this.answer(ranges.labels[this.#range]!);
    const block = this.#count++;
    const cells = this.#blocks.subarray(block * trieBlock, (block + 1) * trieBlock);
    this.#fill(cells, first, size / trieBlock);
    return trieEnded + block;
  }
}
