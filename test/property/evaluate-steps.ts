/** A StepProgram as its contract reads (src/plan/program.ts), on real frames. Shares no code with compile or bpf/. */
import { lackingHolds, type Atom, type Literal, type StepProgram } from '../../src/plan/program.js';
import { Availability, knownUpTo, type SmallField } from '../../src/model/field.js';
import type { TupleColumn } from '../../src/model/tuples.js';
import { decodeFrame } from '../../src/oracle/decode-frame.js';
import type { Packet } from '../../src/oracle/packet.js';
import type { RouteBack } from '../../src/simulate/route-back.js';

interface Fields {
  readonly packet: Packet;
  readonly availability: number;
  readonly small: ReadonlyMap<SmallField, number>;
  /** Seconds since the epoch. */
  readonly at: number;
}

const wholeHeader = new Map([
  [1, 8],
  [6, 20],
  [17, 8],
  [33, 12],
  [58, 8],
  [132, 12],
  [136, 8],
]);

function availabilityOf(packet: Packet): number {
  if (packet.protocol === null) return Availability.noProtocol;
  if (packet.fragment) return Availability.fragment;
  const need = wholeHeader.get(packet.protocol) ?? 0;
  return (packet.l4?.length ?? 0) >= need ? Availability.complete : Availability.shortHeader;
}

function fieldsOf(packet: Packet, device: number, at: number): Fields {
  const availability = availabilityOf(packet);
  const byte = (i: number): number => packet.l4?.[i] ?? 0;
  const payload = packet.l4 !== null && packet.l4.length > (byte(12) >> 4) * 4;
  const isIcmp = packet.protocol === 1 || packet.protocol === 58;
  const hasPorts = !isIcmp && wholeHeader.has(packet.protocol ?? -1);
  const small = new Map<SmallField, number>([
    ['protocol', packet.protocol ?? 0],
    ['sport', hasPorts ? byte(0) * 256 + byte(1) : 0],
    ['dport', hasPorts ? byte(2) * 256 + byte(3) : 0],
    ['tcpFlags', byte(13) + (payload ? 0x100 : 0)],
    ['icmp', isIcmp ? byte(0) * 256 + byte(1) : 0],
    ['ttl', packet.ttl],
    ['tos', packet.tos],
    ['length', Math.min(packet.length ?? 65535, 65535)],
    ['packetType', { host: 0, broadcast: 1, multicast: 2 }[packet.packetType] | (packet.tags > 1 ? 4 : 0)],
    ['mark', 0],
    ['reversePath', 0],
    ['device', device],
    ['availability', availability],
  ]);
  return { packet, availability, small, at };
}

function compare(a: Uint32Array, b: Uint32Array, at: number): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[at + i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const inside = (address: Uint32Array, ranges: { lo: Uint32Array; hi: Uint32Array }, i: number): boolean =>
  compare(address, ranges.lo, i * address.length) >= 0 && compare(address, ranges.hi, i * address.length) <= 0;

function contains(atom: Atom, fields: Fields): boolean {
  const { packet } = fields;
  const isLive = (i: number): boolean => {
    const end = atom.expires?.[i] ?? 0;
    return end === 0 || fields.at < end;
  };
  switch (atom.kind) {
    case 'values': {
      const value = fields.small.get(atom.field) ?? -1;
      return atom.ranges.some(([low, high], i) => isLive(i) && value >= low && value <= high);
    }
    case 'addresses':
      for (let i = 0; i < atom.ranges.count; i++)
        if (isLive(i) && inside(packet[atom.field], atom.ranges, i)) return true;
      return false;
    case 'macs':
      return atom.addresses.some((address, i) => isLive(i) && address === packet.sourceMac);
    case 'tuples': {
      for (let i = 0; i < atom.count; i++) {
        if (!isLive(i) || !atom.columns.every((column) => holdsIn(column, i, fields))) continue;
        return atom.except?.[i] !== 1;
      }
      return false;
    }
  }
}

function holdsIn(column: TupleColumn, i: number, { packet, small }: Fields): boolean {
  if ('addresses' in column) return column.addresses[i] === packet.sourceMac;
  if ('ranges' in column) return inside(packet[column.field], column.ranges, i);
  const value = small.get(column.field) ?? -1;
  return value >= (column.lo[i] ?? 0) && value <= (column.hi[i] ?? -1);
}

const lacks = (atom: Atom, availability: number): boolean => availability > knownUpTo(atom);

/** A literal over a field that the packet lacks is true in a pass step only, negated or not. */
function holds(literal: Literal, program: StepProgram, fields: Fields, whenLacking: boolean): boolean {
  const atom = program.atoms[literal.atom];
  if (atom === undefined) throw new Error('bug: no such atom');
  if (lacks(atom, fields.availability)) return whenLacking;
  return contains(atom, fields) !== literal.negate;
}

/** `ask`: dropped where conntrack does not know the packet. */
export type StepVerdict = 'drop' | 'ask' | 'pass';

const canAsk = ({ protocol, fragment }: Packet, availability: number): boolean =>
  !fragment && availability === Availability.complete && (protocol === 6 || protocol === 17);

/** `at`: seconds since the epoch. */
export function evaluateSteps(
  program: StepProgram,
  packet: Packet,
  device: number,
  at: number,
  routeBack: RouteBack,
): StepVerdict {
  let fields = fieldsOf(packet, device, at);
  let asked = false;
  for (let i = 0; i < program.steps.length;) {
    const step = program.steps[i];
    if (step === undefined) break;
    const { outcome } = step;
    const guard = lackingHolds(outcome);
    if (!step.when.every((literal) => holds(literal, program, fields, guard))) i++;
    else if (outcome.kind === 'skip') i = outcome.to;
    else if (outcome.kind === 'pass') return 'pass';
    else if (outcome.kind === 'mark') {
      fields = { ...fields, small: new Map(fields.small).set('mark', outcome.state) };
      i++;
    } else if (outcome.kind === 'route') {
      const answer = routeBack(program.family, packet.saddr);
      fields = { ...fields, small: new Map(fields.small).set('reversePath', answer) };
      i++;
    } else if (outcome.kind === 'drop') return !asked ? 'drop' : canAsk(packet, fields.availability) ? 'ask' : 'pass';
    else {
      asked = true;
      i++;
    }
  }
  return 'pass';
}

/** The prefilter on a frame; what never reaches netfilter passes. */
export function prefilterVerdict(
  prefilter: { readonly ip: StepProgram; readonly ip6: StepProgram },
  frame: Uint8Array,
  mac: number,
  device: number,
  at: number,
  routeBack: RouteBack,
): StepVerdict {
  const reception = decodeFrame(frame, mac);
  if (reception.kind === 'lost') return 'pass';
  const { packet } = reception;
  return evaluateSteps(packet.family === 4 ? prefilter.ip : prefilter.ip6, packet, device, at, routeBack);
}
