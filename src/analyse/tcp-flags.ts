/**
 * TCP flags before and after GRO. Segments with payload may be merged, and the merged one carries FIN and PSH (and, with ECN, CWR) of
 * any of them (`tcp_gro_receive`, Linux 6.18). So for a segment with payload a flags match is certain only if it matches with
 * every such addition, and possible if it matches with some. Segments without payload are never merged.
 */
import type { TcpFlagsMatch } from '../model/match.js';
import type { Condition } from './logic.js';
import { exactly, small } from './logic.js';
import { rangesWhere } from '../model/small-ranges.js';

const FIN = 0x01;
const PSH = 0x08;
const CWR = 0x80;
const payload = 0x100;

const additions = Array.from({ length: 8 }, (_, i) => (i & 1 ? FIN : 0) | (i & 2 ? PSH : 0) | (i & 4 ? CWR : 0));

export function lowerTcpFlags(match: TcpFlagsMatch): Condition {
  const matches = (flags: number): boolean => ((flags & match.mask) === match.value) !== match.negate;
  const after = (value: number): number[] =>
    value & payload ? additions.map((more) => (value & 0xff) | more) : [value];
  const may = rangesWhere(0x1ff, (value) => after(value).some(matches));
  const must = rangesWhere(0x1ff, (value) => after(value).every(matches));
  const tcp = small('protocol', [[6, 6]]);
  const mayCondition = [[tcp, small('tcpFlags', may)]];
  return JSON.stringify(may) === JSON.stringify(must)
    ? exactly(mayCondition)
    : { may: mayCondition, must: [[tcp, small('tcpFlags', must)]] };
}
