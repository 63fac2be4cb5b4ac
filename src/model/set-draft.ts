/** One ipset while its lines are applied. */
import type { CreateLine, ElementLine, IpsetOption } from '../parse/ipset-tree.js';
import { addAddress, addPort } from './ipset-element.js';
import type { AddressShape } from './ipset-element.js';
import { ElementColumns } from './element-columns.js';
import type { ElementOptions } from './element-columns.js';
import { interpretation, typeName } from './ipset-types.js';
import type { Interpreted } from './ipset-types.js';
import type { NamedSet, SetId } from './set.js';
import { TupleDraft, type InterfaceOptions } from './tuple-draft.js';

/** Removing searches the whole set: beyond this many removals it is not a dump but a script. */
const removalLimit = 1000;

const option = (options: readonly IpsetOption[], ...names: readonly string[]): string | null =>
  options.find((one) => names.includes(one.name))?.value?.text ?? null;

const has = (options: readonly IpsetOption[], name: string): boolean => options.some((one) => one.name === name);

/** An element without a MAC address takes that of the first packet that is looked up (`bitmap_ipmac_do_test`, Linux 6.18). */
const learningType = 'bitmap:ip,mac';

function whyNot(type: string, element: string): string {
  if (type === learningType && !element.includes(','))
    return `its element "${element}" takes the MAC address of the first packet`;
  if (element.includes('physdev:')) return `its element "${element}" is about a bridge port`;
  return `its element "${element}" is not understood`;
}

export class SetDraft {
  readonly type: string;
  readonly #kind: Interpreted | null;
  readonly #shape: AddressShape;
  readonly #defaultTimeout: number | null;
  readonly #counters: boolean;
  #columns: ElementColumns;
  /** Of a set of several parts; else null. */
  #tuples: TupleDraft | null;
  #members: { name: string; timeout: number }[] = [];
  /** Why the set is not interpreted; null as long as it is. */
  #why: string | null;
  /** Add lines of a set that is not interpreted. */
  #lines = 0;
  #removals = 0;

  constructor(readonly line: CreateLine) {
    this.type = typeName(line.type.text.toLowerCase());
    this.#kind = interpretation(this.type);
    this.#why = this.#kind ? null : `sets of type ${this.type} are not interpreted`;
    const { options } = line;
    const family = option(options, 'family') === 'inet6' ? 6 : 4;
    const netmask = option(options, 'netmask');
    this.#shape = {
      family,
      netmask: netmask === null ? null : Number(netmask),
      prefixes: this.type.startsWith('hash:net'),
    };
    const timeout = option(options, 'timeout');
    this.#defaultTimeout = timeout === null ? null : Number(timeout);
    this.#counters = has(options, 'counters');
    this.#columns = this.#emptyColumns();
    this.#tuples = this.#emptyTuples();
    this.#checkOptions(options, netmask);
  }

  #emptyColumns(): ElementColumns {
    return new ElementColumns(this.#shape.family, this.#kind?.kind === 'ports');
  }

  #emptyTuples(): TupleDraft | null {
    return this.#kind?.kind === 'tuples' ? new TupleDraft(this.#kind.parts, this.#shape) : null;
  }

  #checkOptions(options: readonly IpsetOption[], netmask: string | null): void {
    if (has(options, 'bitmask')) this.#give('its option bitmask is not interpreted');
    const width = this.#shape.family === 4 ? 32 : 128;
    if (netmask !== null && !(/^[0-9]{1,3}$/.test(netmask) && Number(netmask) <= width)) {
      this.#give(`its netmask "${netmask}" is not understood`);
    }
    if (this.#defaultTimeout !== null && !Number.isInteger(this.#defaultTimeout))
      this.#give('its timeout is not understood');
    const family = option(options, 'family');
    if (family !== null && family !== 'inet' && family !== 'inet6')
      this.#give(`its family "${family}" is not understood`);
  }

  #give(why: string): void {
    this.#why ??= why;
  }

  /** Element at `start` to `end` of `text`. `timeout` null: the default of the set holds. */
  add(text: string, start: number, end: number, timeout: number | null, nomatch: boolean, wildcard = false): void {
    this.#lines++;
    if (this.#why !== null) return;
    const options = { timeout: timeout ?? this.#defaultTimeout ?? 0, nomatch, wildcard };
    if (!this.#addTo(text, start, end, options)) this.#give(whyNot(this.type, text.slice(start, end)));
  }

  #addTo(text: string, start: number, end: number, options: ElementOptions & InterfaceOptions): boolean {
    switch (this.#kind?.kind) {
      case 'addresses':
        return addAddress(this.#columns, this.#shape, options, text, start, end);
      case 'tuples':
        return this.#tuples?.add(text, start, end, options) ?? false;
      case 'ports':
        return addPort(this.#columns, options, text.slice(start, end));
      case 'list':
        return this.#addMember(text.slice(start, end), options.timeout);
      case undefined:
        return true;
    }
  }

  /** `a,before,b` puts a member at a place: not read. */
  #addMember(name: string, timeout: number): boolean {
    if (name.includes(',')) return false;
    this.#members.push({ name, timeout });
    return true;
  }

  /** A line that the grammar read. */
  addLine(line: ElementLine): void {
    const timeout = option(line.options, 'timeout');
    if (has(line.options, 'before') || has(line.options, 'after')) this.#give('its members have positions');
    if (timeout !== null && !/^[0-9]{1,9}$/.test(timeout)) this.#give(`a timeout "${timeout}" is not understood`);
    if (line.exist) this.#remove(line.element.text);
    const { text } = line.element;
    const seconds = timeout === null ? null : Number(timeout);
    this.add(text, 0, text.length, seconds, has(line.options, 'nomatch'), has(line.options, 'wildcard'));
  }

  /** Takes an element out, and does not mind if it is not there. */
  removeLine(line: ElementLine): void {
    this.#remove(line.element.text);
  }

  #remove(element: string): void {
    if (this.#why !== null) return;
    if (this.#removals++ > removalLimit) {
      this.#give('it is changed by too many lines');
      return;
    }
    if (this.#kind?.kind === 'list') {
      this.#members = this.#members.filter((member) => member.name !== element);
      return;
    }
    const columns = this.#tuples ?? this.#columns;
    const before = columns.count;
    const understood = this.#addTo(element, 0, element.length, { timeout: 0, nomatch: false, wildcard: false });
    if (!understood || columns.count !== before + 1) {
      this.#give(`it is changed by "${element}", which is not understood`);
      return;
    }
    for (let i = before - 1; i >= 0; i--) if (columns.same(i, before)) columns.remove(i);
    columns.remove(columns.count - 1);
  }

  flush(): void {
    this.#columns = this.#emptyColumns();
    this.#tuples = this.#emptyTuples();
    this.#members = [];
    this.#lines = 0;
  }

  finish(name: string): NamedSet {
    const id = `ipset:${name}` as SetId;
    const { span } = this.line;
    const base = { id, name, type: this.type, span, counters: this.#counters, defaultTimeout: this.#defaultTimeout };
    if (this.#why !== null || !this.#kind)
      return {
        kind: 'opaque',
        ...base,
        elements: this.#lines,
        why: this.#why ?? '',
        ...(this.type === learningType && { learns: true }),
      };
    const columns = this.#columns;
    const kept = this.#tuples ?? columns;
    const whole = { ...base, elements: kept.count, ...kept.options() };
    switch (this.#kind.kind) {
      case 'addresses':
        return { kind: 'addresses', ...whole, ranges: columns.ranges() };
      case 'tuples':
        return { kind: 'tuples', ...whole, count: kept.count, parts: this.#tuples?.finish() ?? [] };
      case 'ports': {
        const { portLo, portHi } = columns.ports16();
        return { kind: 'ports', ...whole, portLo, portHi };
      }
      case 'list':
        return this.#finishList(base);
    }
  }

  #finishList(base: Omit<NamedSet & { kind: 'opaque' }, 'kind' | 'why' | 'elements'>): NamedSet {
    const members = this.#members.map((member) => `ipset:${member.name}` as SetId);
    const timeouts = this.#members.map((member) => member.timeout);
    const timeout = timeouts.some((seconds) => seconds > 0) ? Uint32Array.from(timeouts) : null;
    return { kind: 'list', ...base, elements: members.length, members, timeout, nomatch: null };
  }
}
