/** A packet as a person writes it, to clauses. */
import { InputError } from '../diagnostic.js';
import compiled from './generated/packet.js';
import { lineParser } from './line-parser.js';
import { packetLexer, packetTokenNames } from './packet-lexer.js';
import type { Clause } from './packet-tree.js';

const parseLine = lineParser<readonly Clause[]>(compiled, packetLexer, packetTokenNames);

/** @param name What messages call the text. Throws InputError, with the place and what was expected there. */
export function parsePacket(text: string, name: string): readonly Clause[] {
  const result = parseLine(text, name, 1);
  if ('error' in result) throw new InputError([result.error]);
  return result.node;
}
