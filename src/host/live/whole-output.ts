/** Whether a tool has written all that it meant to: one that is cut off, or another program of its name, may end without a word. */
import type { InputFormat } from '../../model/ruleset.js';
import { tableTexts } from './table-texts.js';

/** What shows that the output breaks off; null: nothing does. An empty output is whole. */
export function brokenOff(format: InputFormat, text: string): string | null {
  if (text === '') return null;
  switch (format) {
    case 'iptables-save':
    case 'ip6tables-save':
      return iptablesBrokenOff(text);
    case 'nft':
      return /(^|\n)\}\s*$/.test(text) ? null : 'it does not end with the `}` of a table';
    case 'ipset':
      return text.endsWith('\n') ? null : 'its last line has no end';
    case 'nft-json':
      return null;
  }
}

function iptablesBrokenOff(text: string): string | null {
  const begun = Array.from(text.matchAll(/^\*(\S+)/gm), ([, table]) => table);
  const ended = tableTexts('iptables-save', text);
  const open = begun.find((table) => !ended.has(table ?? ''));
  if (open !== undefined) return `table ${open} has no COMMIT`;
  return text.endsWith('\n') ? null : 'its last line has no end';
}

/** Names of the tables in what `nft -j list ruleset` prints; null: it is not that, for it begins with the version of nft whatever the kernel has. */
export function tablesInJson(text: string): readonly string[] | null {
  try {
    const { nftables } = JSON.parse(text) as { readonly nftables: readonly NftObject[] };
    if (!nftables.some(({ metainfo }) => metainfo !== undefined)) return null;
    return nftables.flatMap(({ table }) => (table === undefined ? [] : [`${table.family} ${table.name}`]));
  } catch {
    return null;
  }
}

interface NftObject {
  readonly metainfo?: object;
  readonly table?: { readonly family: string; readonly name: string };
}
