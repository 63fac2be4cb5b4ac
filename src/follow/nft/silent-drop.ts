/**
 * Whether a rule, as the kernel tells it, drops silently and does nothing else: its expressions only read the packet, and the last one is
 * the verdict "drop". Whatever is not listed here may have an effect.
 */
import { Attributes, eachOf } from '../netlink/message.js';
import { pureExtensions } from '../pure-extensions.js';
import { data, drop, expression, verdict, verdictRegister } from './constants.js';

type Reader = (own: Attributes) => boolean;

const always: Reader = () => true;
const without =
  (register: number): Reader =>
  (own) =>
    !own.has(register);

/** By name; the numbers are those of the attribute that names a source register: with it, the expression writes. */
const pureExpressions: Readonly<Record<string, Reader>> = {
  bitwise: always,
  byteorder: always,
  cmp: always,
  counter: always,
  fib: always,
  last: always,
  range: always,
  rt: always,
  exthdr: (own) => own.has(1) && !own.has(7),
  meta: without(3),
  payload: without(5),
  // A verdict map decides by itself.
  lookup: (own) => own.be32(3) !== verdictRegister,
  match: (own) => pureExtensions.has(own.text(1)),
};

const own = new Attributes();
const outer = new Attributes();
const value = new Attributes();

/** `lookups`: takes the names of the sets that the rule asks. The bytes hold the list of its expressions. */
export function dropsSilently(bytes: Buffer, from: number, to: number, lookups: (set: string) => void): boolean {
  const rule = { isPure: true, drops: false };
  const whole = eachOf(bytes, from, to, (start, end) => {
    // Nothing stands behind a verdict.
    if (!outer.read(bytes, start, end) || rule.drops) rule.isPure = false;
    if (!rule.isPure) return;
    const name = outer.text(expression.name);
    if (!own.readNested(outer, expression.data)) own.read(bytes, 0, 0);
    if (name === 'immediate') rule.drops = isDrop(own);
    if (name === 'lookup') lookups(own.text(1));
    rule.isPure = rule.drops || pureExpressions[name]?.(own) === true;
  });
  return whole && rule.isPure && rule.drops;
}

/** An immediate value that is the verdict "drop"; one that goes into another register is not pure enough to be told. */
const isDrop = (immediate: Attributes): boolean =>
  immediate.be32(1) === verdictRegister &&
  value.readNested(immediate, 2) &&
  value.readNested(value, data.verdict) &&
  value.be32(verdict.code) === drop;
