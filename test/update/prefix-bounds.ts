/** An address or prefix as words, most significant first. */
import { addressWords, prefixMask } from '../../src/model/prefix.js';

export function prefixBounds(text: string): { lo: Uint32Array; hi: Uint32Array } {
  const [address = '', length] = text.split('/');
  const family = address.includes(':') ? 6 : 4;
  const words = addressWords(family, address);
  if (words === null) throw new Error(`no address: ${text}`);
  const bits = length === undefined ? 128 : Number(length);
  const mask = Uint32Array.from(words, (_, w) => prefixMask(bits - w * 32));
  return {
    lo: Uint32Array.from(words, (word, w) => (word & mask[w]!) >>> 0),
    hi: Uint32Array.from(words, (word, w) => (word | ~mask[w]!) >>> 0),
  };
}
