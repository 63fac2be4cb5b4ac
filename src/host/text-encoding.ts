/** Bytes as text that can be written back byte for byte. */
import { isAscii } from 'node:buffer';

/** What a text was decoded by, and is to be written by: a dump may hold a comment in any 8-bit encoding. */
export type Encoding = 'utf8' | 'latin1';

export function decode(bytes: Buffer): { readonly text: string; readonly encoding: Encoding } {
  if (isAscii(bytes)) return { text: textOf(bytes, 'utf8'), encoding: 'utf8' };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), encoding: 'utf8' };
  } catch (error) {
    if (error instanceof TypeError) return { text: bytes.toString('latin1'), encoding: 'latin1' };
    throw error;
  }
}

/** As latin1 ASCII is a string of one byte a character; a decoder makes two of them. */
export const textOf = (bytes: Buffer, encoding: Encoding): string =>
  bytes.toString(isAscii(bytes) ? 'latin1' : encoding);
