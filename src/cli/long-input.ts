/** Inputs that are not held as a whole. */
import { type Holding, ipsetText, type LongText, longText } from '../host/long-text/long-text.js';
import type { Marks } from '../host/long-text/marks.js';
import { writtenDown } from '../host/long-text/nameless-file.js';
import { decode } from '../host/text-encoding.js';
import { detectFormat } from '../model/detect-format.js';
import type { Allowance, Incoming } from './incoming.js';

/** Null: it is not long, of another format, or so long that it is refused. Throws as `Incoming` does, and InputError. */
export const beginLong = (incoming: Incoming, allowance: Allowance, holding: Holding, marks: Marks): LongText | null =>
  incoming.isNamed ? beginFile(incoming, allowance, holding, marks) : beginPipe(incoming, holding, marks);

function beginFile(incoming: Incoming, allowance: Allowance, holding: Holding, marks: Marks): LongText | null {
  const { file, stats: was } = incoming;
  if (was.size <= holding.whole || was.size > allowance.left) return null;
  const begun = incoming.beginning(holding.whole);
  const format = detectFormat(decode(begun).text, file);
  if (format !== 'ipset' && format !== 'nft') return null;
  allowance.left -= was.size;
  return longText(format, begun, { file, was, descriptor: null }, holding, marks);
}

/** An ipset save is read as it comes; an nft ruleset is written down first, for it may have to be read again, or held where there is no place. */
function beginPipe(incoming: Incoming, holding: Holding, marks: Marks): LongText | null {
  const begun = incoming.beginning(holding.whole + 1);
  if (begun.length <= holding.whole) return null;
  const format = detectFormat(decode(begun).text, incoming.file);
  if (format === 'ipset') return ipsetText(begun, incoming.behind(holding.block));
  if (format !== 'nft') return null;
  const kept = writtenDown(incoming.file, begun, incoming.behind(holding.block));
  return Buffer.isBuffer(kept) ? decode(kept) : longText(format, begun, kept, holding, marks);
}
