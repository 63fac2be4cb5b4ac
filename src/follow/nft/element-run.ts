/** Elements of one set that came or went one after the other, as the kernel writes them: columns of keys. */
import type { SetId } from '../../model/set.js';
import type { Attributes } from '../netlink/message.js';
import { Attributes as Nested, eachOf } from '../netlink/message.js';
import { data, element, elementFlags, expression } from './constants.js';

const nested = new Nested();

export class ElementRun {
  readonly kind = 'elements';
  count = 0;
  /** 32-bit words of a key: an IPv4 or an IPv6 address; 0: none was read. */
  words: 0 | 1 | 4 = 0;
  /** Host order; most significant word first. */
  keys = new Uint32Array(0);
  /** Last key of the element, where the kernel tells it; null: it never does. */
  ends: Uint32Array | null = null;
  /** 1 where the key is the first one behind an interval. */
  endMarks = new Uint8Array(0);
  /** Milliseconds that the element has left; 0: it stays. Null: all stay. */
  left: Float64Array | null = null;
  /** Why it cannot be told in columns; null: it can. */
  odd: string | null = null;

  constructor(
    readonly op: 'add' | 'remove',
    readonly set: SetId,
  ) {}

  /** The element whose attributes stand between `start` and `end`; `own` is used to read them. */
  addFrom(own: Attributes, bytes: Buffer, start: number, end: number): void {
    if (this.odd !== null) return;
    if (own.read(bytes, start, end)) this.#add(own);
    else this.#giveUp('an element is cut short');
  }

  #add(own: Attributes): void {
    const i = this.count;
    const flags = own.be32(element.flags) ?? 0;
    if ((flags & ~elementFlags.intervalEnd) !== 0) {
      this.#giveUp('an element stands for all others');
      return;
    }
    if (own.has(element.data) || own.has(element.object)) {
      this.#giveUp('its elements have values');
      return;
    }
    if (this.op === 'add' && !onlyCounts(own)) {
      this.#giveUp('an element has a limit of its own');
      return;
    }
    if (!this.#readKey(own, element.key, i)) {
      this.#giveUp('its elements are no addresses');
      return;
    }
    this.endMarks[i] = flags & elementFlags.intervalEnd;
    if (own.has(element.keyEnd)) {
      this.ends ??= this.keys.slice();
      if (!this.#readKey(own, element.keyEnd, i)) {
        this.#giveUp('its elements are no addresses');
        return;
      }
    } else if (this.ends !== null) {
      for (let w = i * this.words; w < (i + 1) * this.words; w++) this.ends[w] = this.keys[w]!;
    }
    const left = own.be64(element.expiration);
    if (left === null && (own.be64(element.timeout) ?? 0) > 0) {
      this.#giveUp('an element does not tell its time');
      return;
    }
    // What has nothing left is about to go.
    if (left !== null) (this.left ??= new Float64Array(this.endMarks.length))[i] = Math.max(1, left);
    this.count++;
  }

  #giveUp(odd: string): void {
    this.odd = odd;
    this.count = 0;
    this.keys = new Uint32Array(0);
    this.ends = this.left = null;
  }

  #readKey(own: Attributes, type: number, i: number): boolean {
    if (!nested.readNested(own, type)) return false;
    const words = nested.length(data.value) / 4;
    if (this.words === 0 && (words === 1 || words === 4)) this.words = words;
    if (words !== this.words) return false;
    if (i === this.endMarks.length) this.#grow();
    const into = type === element.key ? this.keys : this.ends!;
    const at = nested.start(data.value);
    for (let w = 0; w < words; w++) into[i * words + w] = own.bytes.readUInt32BE(at + w * 4);
    return true;
  }

  #grow(): void {
    const capacity = Math.max(8, this.endMarks.length * 2);
    this.keys = widened(this.keys, new Uint32Array(capacity * this.words));
    this.ends &&= widened(this.ends, new Uint32Array(capacity * this.words));
    this.endMarks = widened(this.endMarks, new Uint8Array(capacity));
    this.left &&= widened(this.left, new Float64Array(capacity));
  }
}

function widened<Column extends Uint32Array | Uint8Array | Float64Array>(old: Column, wide: Column): Column {
  wide.set(old);
  return wide;
}

const names = new Nested();

/** Its statements, if any, only count packets. */
function onlyCounts(own: Attributes): boolean {
  const isCounter = (start: number, end: number): boolean =>
    names.read(own.bytes, start, end) && names.text(expression.name) === 'counter';
  const { expression: one, expressions: several } = element;
  if (own.has(one) && !isCounter(own.start(one), own.end(one))) return false;
  let counts = true;
  if (!own.has(several)) return true;
  const whole = eachOf(
    own.bytes,
    own.start(several),
    own.end(several),
    (start, end) => (counts &&= isCounter(start, end)),
  );
  return whole && counts;
}
