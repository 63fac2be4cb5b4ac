/** Elements of several parts (`192.0.2.1,tcp:80,10.0.0.0/8`) while they are read. */
import { ElementColumns, type ElementOptions } from './element-columns.js';
import { addAddress, macNumber, protocolPorts, type AddressShape } from './ipset-element.js';
import type { PartType } from './ipset-types.js';
import type { SetPart } from './set.js';

/** Options that only hash:net,iface has. */
export interface InterfaceOptions {
  readonly wildcard: boolean;
}

/** Elements that one line may stand for: networks that make up a range. */
const maxElements = 4096;
const noOptions: ElementOptions = { timeout: 0, nomatch: false };

export class TupleDraft {
  /** One for each address part; the first has the options and the ports of all. */
  readonly #columns: readonly ElementColumns[];
  readonly #shapes: Readonly<Record<'ip' | 'net', AddressShape>>;
  readonly #macs: number[] = [];
  readonly #names: string[] = [];
  readonly #wildcard: number[] = [];

  constructor(
    private readonly parts: readonly PartType[],
    private readonly shape: Omit<AddressShape, 'prefixes'>,
  ) {
    this.#shapes = { ip: { ...shape, prefixes: false }, net: { ...shape, prefixes: true } };
    const addresses = Math.max(1, parts.filter(isAddress).length);
    this.#columns = Array.from(
      { length: addresses },
      (_, i) => new ElementColumns(shape.family, i === 0 && parts.includes('port')),
    );
  }

  get #first(): ElementColumns {
    return this.#columns[0]!;
  }

  get count(): number {
    return this.#first.count;
  }

  /** Element at `start` to `end` of `text`; false: not understood, and nothing is added. */
  add(text: string, start: number, end: number, options: ElementOptions & InterfaceOptions): boolean {
    const before = this.count;
    if (this.#addParts(text, start, end, options)) return true;
    for (const columns of this.#columns) columns.truncate(before);
    this.#macs.length = Math.min(this.#macs.length, before);
    this.#names.length = this.#wildcard.length = Math.min(this.#names.length, before);
    return false;
  }

  #addParts(text: string, start: number, end: number, options: ElementOptions & InterfaceOptions): boolean {
    const before = this.count;
    let at = start;
    let address = 0;
    const last = this.parts.length - 1;
    // An element without an address part still has its row of options.
    if (!this.parts.some(isAddress)) this.#first.addPorts(options);
    for (const [i, part] of this.parts.entries()) {
      const comma = i === last ? end : text.indexOf(',', at);
      if (comma < 0 || comma > end || (i === last && text.slice(at, end).includes(','))) return false;
      if (isAddress(part)) {
        const columns = this.#columns[address++]!;
        const own = columns === this.#first ? options : noOptions;
        if (!addAddress(columns, this.#shapes[part], own, text, at, comma)) return false;
      } else if (!this.#addOther(part, text.slice(at, comma), options)) return false;
      at = comma + 1;
    }
    return this.#columns.every(({ count }) => count === before + 1) || this.#multiply(before, options);
  }

  #addOther(part: 'port' | 'mac' | 'iface', text: string, { wildcard }: InterfaceOptions): boolean {
    switch (part) {
      case 'port': {
        const ports = protocolPorts(text, this.shape.family);
        if (!ports) return false;
        this.#first.setPorts(ports.protocol, ports.low, ports.high);
        return true;
      }
      case 'mac': {
        const mac = macNumber(text);
        if (mac === null) return false;
        this.#macs.push(mac);
        return true;
      }
      case 'iface':
        // `physdev:` is about ports of bridges.
        if (!/^[^:\s/]{1,15}$/.test(text)) return false;
        this.#names.push(text);
        this.#wildcard.push(wildcard ? 1 : 0);
        return true;
    }
  }

  /** A range became several networks: every combination is an element. */
  #multiply(before: number, options: ElementOptions): boolean {
    const rows = this.#columns.map((columns) =>
      Array.from({ length: columns.count - before }, (_, i) => columns.bounds(before + i)),
    );
    const total = rows.reduce((product, list) => product * list.length, 1);
    if (total > maxElements) return false;
    // They were set at the last of its rows.
    const ports = this.parts.includes('port') ? this.#first.portsOf(this.count - 1) : null;
    for (const columns of this.#columns) columns.truncate(before);
    for (let n = 0; n < total; n++) {
      let rest = n;
      for (const [k, columns] of this.#columns.entries()) {
        const list = rows[k]!;
        columns.addRange(k === 0 ? options : noOptions, list[rest % list.length]!);
        rest = Math.floor(rest / list.length);
      }
      if (ports) this.#first.setPorts(ports.protocol, ports.low, ports.high);
      if (n === 0) continue;
      if (this.parts.includes('mac')) this.#macs.push(this.#macs[before]!);
      if (!this.parts.includes('iface')) continue;
      this.#names.push(this.#names[before]!);
      this.#wildcard.push(this.#wildcard[before]!);
    }
    return true;
  }

  same(i: number, j: number): boolean {
    return (
      this.#columns.every((columns) => columns.same(i, j)) &&
      this.#macs[i] === this.#macs[j] &&
      this.#names[i] === this.#names[j] &&
      this.#wildcard[i] === this.#wildcard[j]
    );
  }

  remove(i: number): void {
    for (const columns of this.#columns) columns.remove(i);
    this.#macs.splice(i, 1);
    this.#names.splice(i, 1);
    this.#wildcard.splice(i, 1);
  }

  options(): ReturnType<ElementColumns['options']> {
    return this.#first.options();
  }

  finish(): readonly SetPart[] {
    let address = 0;
    return this.parts.map((part): SetPart => {
      switch (part) {
        case 'ip':
        case 'net':
          return { kind: 'address', ranges: this.#columns[address++]!.ranges(), network: part === 'net' };
        case 'port':
          return { kind: 'port', ...this.#first.ports16() };
        case 'mac':
          return { kind: 'mac', addresses: Float64Array.from(this.#macs) };
        case 'iface':
          return { kind: 'interface', names: [...this.#names], wildcard: Uint8Array.from(this.#wildcard) };
      }
    });
  }
}

const isAddress = (part: PartType): part is 'ip' | 'net' => part === 'ip' || part === 'net';
