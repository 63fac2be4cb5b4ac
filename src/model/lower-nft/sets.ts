/** Declared sets to sets of the model. */
import type { AddressFamily } from '../address.js';
import type { NamedSet } from '../set.js';
import { secondsLeft, type SetDraft } from './draft.js';
import * as constants from './constants.js';
import type { Leaves } from './scope.js';
import { addressRanges, numberRanges } from './values.js';

const families: Readonly<Record<string, AddressFamily>> = { ipv4_addr: 4, ipv6_addr: 6 };

export function lowerSet(draft: SetDraft): NamedSet {
  const { declaration, keyTypes, id, name } = draft;
  const leaves = draft.leaves();
  const base = {
    id,
    name,
    type: keyTypes?.join(' . ') ?? 'typeof',
    span: declaration.span,
    counters: hasCounters(draft, leaves),
    defaultTimeout: declaration.timeout === null ? null : Math.max(1, Math.floor(declaration.timeout / 1000)),
    elements: leaves ? countOf(leaves) : 0,
    ...(declaration.flags.includes('interval') && { intervals: true as const }),
  };
  const opaque = (why: string): NamedSet => ({ kind: 'opaque', ...base, why });
  if (draft.why !== null) return opaque(draft.why);
  if (draft.changes) return opaque('packets change it');
  if (draft.stateful) return opaque('its elements have limits of their own');
  const [type] = keyTypes ?? [];
  if (!leaves || type === undefined) return opaque('its elements are not understood');
  if (declaration.data || keyTypes?.length !== 1) return opaque(`its type ${base.type} is read where it is used`);
  const columns = { nomatch: null, timeout: timeouts(leaves, declaration.timeout) };
  const family = families[type];
  if (family) {
    const ranges = addressRanges(family, leaves);
    return ranges
      ? { kind: 'addresses', ...base, ...columns, ranges }
      : opaque('one of its elements is not understood');
  }
  if (type === 'inet_service') {
    const ranges = numberRanges(constants.port(null), 65535, leaves);
    if (!ranges) return opaque('one of its elements is not understood');
    const portLo = Uint16Array.from(ranges, ([low]) => low);
    return { kind: 'ports', ...base, ...columns, portLo, portHi: Uint16Array.from(ranges, ([, high]) => high) };
  }
  return opaque(`its type ${base.type} is read where it is used`);
}

const countOf = ({ leaves, columns }: Leaves): number =>
  leaves.length + columns.reduce((sum, column) => sum + column.count, 0);

function hasCounters({ declaration }: SetDraft, leaves: Leaves | null): boolean {
  if (declaration.statements.some(({ kind }) => kind === 'counter')) return true;
  return leaves?.leaves.some(({ element }) => element?.statements.some(({ kind }) => kind === 'counter')) ?? false;
}

/** Seconds left by element, columns first as `addressRanges` has them; null where none expires. */
function timeouts({ leaves, columns }: Leaves, byDefault: number | null): Uint32Array | null {
  const seconds = new Uint32Array(countOf({ leaves, columns }));
  let at = 0;
  for (const column of columns) {
    for (let i = 0; i < column.count; i++) {
      const some = (value: number | undefined): number | null =>
        value === undefined || Number.isNaN(value) ? null : value;
      seconds[at++] = secondsLeft(
        { timeout: some(column.timeout?.[i]), expires: some(column.expires?.[i]) },
        byDefault,
      );
    }
  }
  for (const { element } of leaves) seconds[at++] = element ? secondsLeft(element, byDefault) : 0;
  return seconds.some((left) => left > 0) ? seconds : null;
}
