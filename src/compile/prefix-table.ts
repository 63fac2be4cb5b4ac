/** IPv6 addresses and MACs: groups of prefixes, searched by halving the lengths that occur in the group (bpf/abi.h). */
import type { Classes } from './classes.js';
import type { CounterRow } from './counter-row.js';
import type { Labels } from './labels.js';
import { crossovers } from './crossovers.js';
import { fewLengths, type FewLengths } from './few-lengths.js';
import { prefixBuckets, type PrefixBuckets, type PrefixEntries } from './prefix-buckets.js';
import { groupAddresses, groupAll, PrefixGroups } from './prefix-groups.js';
import { nestedLabels } from './prefix-nest.js';
import type { Prefixes } from './prefix-split.js';
import type { LabelledRanges } from './sweep.js';

export type PrefixTable = GroupedPrefixes | FewLengths;

export interface GroupedPrefixes {
  readonly kind: 'grouped';
  /** IPv6 addresses: number of the group + 1 by the first 32 bits. Null: there is one group. */
  readonly top: LabelledRanges | null;
  /** struct prefix_length, u32s. */
  readonly lengths: Uint32Array;
  /** struct prefix_group, u32s, when the lengths stand at that offset. */
  readonly groups: (lengthsOffset: number, spare: number) => Uint32Array;
  readonly groupCount: number;
  readonly depth: number;
  readonly buckets: PrefixBuckets | null;
  readonly elements: number;
  /** Length of all prefixes, where there is one group of one length; its label. */
  readonly only: { readonly length: number; readonly label: number } | null;
  /** The one length that can come and go in place; null: none can. */
  readonly unit: number | null;
  readonly layout: KeyLayout;
}

/** How an element stands in a key (bpf/abi.h): the address alone, or 32 bits of it behind the top of a MAC. */
export type KeyLayout = 'address6' | 'top-and-word';

/** `spare`: entries that may come to the table. `counters`: where those of the prefixes may stand together; null: labels have none. */
export function prefixTable(
  prefixes: Prefixes,
  classes: Classes,
  labels: Labels,
  layout: KeyLayout,
  spare: number,
  counters: CounterRow | null,
): PrefixTable {
  const fallback = labels.current(() => 0);
  const { kept, labelOf } = nestedLabels(prefixes, classes, labels, fallback);
  if (layout === 'address6' && spare === 0 && kept.length >= crossovers.fewFrom) {
    const few = fewLengths(entriesOf(prefixes, kept, labelOf), fallback, counters);
    if (few !== null) return few;
  }
  const unit = spare === 0 ? null : longest(prefixes, kept, layout);
  const groups = new PrefixGroups(prefixes, kept, labelOf, layout, unit);
  const only = onlyLength(prefixes, kept, layout, unit);
  const isOneGroup = layout !== 'address6' || only !== null;
  const top = isOneGroup ? null : groupAddresses(groups, fallback);
  if (isOneGroup) groupAll(groups, fallback);
  return {
    kind: 'grouped',
    top,
    only: only === null ? null : { length: only, label: fallback },
    lengths: groups.lengthWords(),
    groups: (offset, more) => groups.words(offset, more),
    groupCount: groups.count,
    depth: groups.depth,
    buckets: prefixBuckets(groups.entries(), spare, counters),
    elements: kept.length,
    unit,
    layout,
  };
}

/** Null: there are several, or a lookup of the first 32 bits tells as much. */
function onlyLength({ length }: Prefixes, kept: Uint32Array, layout: KeyLayout, unit: number | null): number | null {
  const first = unit ?? (kept.length > 0 ? length[kept[0]!]! : 0);
  if (layout === 'address6' && first <= 32) return null;
  return first > 0 && kept.every((i) => length[i] === first) ? first : null;
}

function entriesOf({ words, length }: Prefixes, kept: Uint32Array, labelOf: Uint32Array): PrefixEntries {
  const take = (column: Uint32Array): Uint32Array => kept.map((i) => column[i]!);
  return { count: kept.length, word: words.map(take), tag: kept.map((i) => length[i]! + 1), label: take(labelOf) };
}

/** IPv6 prefixes of one length from which on more of that length are to be expected rather than single addresses. */
const manyOfOneLength = 16;

/** Nothing lies within a prefix of the longest length that there is, so those can come and go one by one. */
function longest({ length }: Prefixes, kept: Uint32Array, layout: KeyLayout): number {
  if (layout === 'top-and-word') return 32;
  let most = 0;
  let count = 0;
  for (const i of kept) {
    count = length[i]! > most ? 1 : count + Number(length[i] === most);
    most = Math.max(most, length[i]!);
  }
  return most <= 32 || count < manyOfOneLength ? 128 : most;
}
