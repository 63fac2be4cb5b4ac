/** The XDP program as a function: the decision list of a plan on one device's frames. */
import type { AddressFamily } from '../model/address.js';
import { Availability, availableUpTo } from '../model/field.js';
import { lackingHolds, type Literal, type Prefilter, type Step, type StepProgram } from '../plan/program.js';
import { type Clock, entryLookup, type EntryLookup } from './entry-index.js';
import { parseFrame, type FrameFields, type UnreadReason } from './parse-frame.js';

export type PassReason =
  | UnreadReason
  /** The family has no steps. */
  | 'family'
  /** No step matches. */
  | 'noStep'
  /** The deciding step is a guard. */
  | 'guard'
  /** A drop behind a question that conntrack cannot be asked about this packet. */
  | 'tracked';

export type Decision =
  /** `ask`: only if conntrack does not know the packet. */
  | {
      readonly verdict: 'drop' | 'ask';
      readonly family: AddressFamily;
      readonly step: number;
      readonly counter: number;
    }
  /** `step` is that of a guard, or of the drop that could not be decided; else null. */
  | {
      readonly verdict: 'pass';
      readonly reason: PassReason;
      readonly family: AddressFamily | null;
      readonly step: number | null;
    };

export interface Simulation {
  readonly decide: (frame: Uint8Array) => Decision;
  /** The fields of a frame, or why it passes unread. */
  readonly parse: (frame: Uint8Array) => FrameFields | UnreadReason;
  /** Does the literal hold, in a step of this outcome? */
  readonly holds: (literal: Literal, step: Step, fields: FrameFields) => boolean;
}

export interface SimulatedDevice {
  /** 48-bit number. */
  readonly mac: number;
  /** Position in `Plan.devices`. */
  readonly position: number;
}

/** Conntrack can be asked about whole TCP and UDP packets. */
const canAsk = ({ small: { availability, protocol } }: FrameFields): boolean =>
  availability === Availability.complete && (protocol === 6 || protocol === 17);

class FamilySimulation {
  readonly #lookups: (EntryLookup | undefined)[] = [];

  constructor(
    readonly program: StepProgram,
    private readonly device: number,
    private readonly clock: Clock,
  ) {}

  entry(atom: number, fields: FrameFields): number {
    return (this.#lookups[atom] ??= entryLookup(this.program.atoms[atom]!))(fields, this.device, this.clock());
  }

  /** A literal over a field that the packet lacks: a guard errs to true, a drop or skip to false. */
  holds({ atom, negate }: Literal, { outcome }: Step, fields: FrameFields): boolean {
    const { field } = this.program.atoms[atom]!;
    if (fields.small.availability > availableUpTo[field]) return lackingHolds(outcome);
    return this.entry(atom, fields) >= 0 !== negate;
  }

  decide(arrived: FrameFields): Decision {
    let fields = arrived;
    const { steps, family } = this.program;
    if (steps.length === 0) return { verdict: 'pass', reason: 'family', family, step: null };
    let asked = false;
    for (let number = 0; number < steps.length;) {
      const step = steps[number]!;
      const { when, outcome } = step;
      if (!when.every((literal) => this.holds(literal, step, fields))) number++;
      else if (outcome.kind === 'skip') number = outcome.to;
      else if (outcome.kind === 'mark') {
        fields = { ...fields, small: { ...fields.small, mark: outcome.state } };
        number++;
      } else if (outcome.kind === 'pass') return { verdict: 'pass', reason: 'guard', family, step: number };
      else if (outcome.kind === 'ask') {
        asked = true;
        number++;
      } else if (asked && !canAsk(fields)) return { verdict: 'pass', reason: 'tracked', family, step: number };
      else return { verdict: asked ? 'ask' : 'drop', family, step: number, counter: this.#counter(step, fields) };
    }
    return { verdict: 'pass', reason: 'noStep', family, step: null };
  }

  #counter({ when, outcome }: Step, fields: FrameFields): number {
    if (outcome.kind !== 'drop') throw new Error('bug: only drops are counted');
    const literal = outcome.counted === null ? undefined : when[outcome.counted];
    if (literal === undefined) return outcome.counter;
    const entry = this.entry(literal.atom, fields);
    return this.program.atoms[literal.atom]!.counters?.[entry] ?? outcome.counter;
  }
}

/** Lookups are indexed when first asked for. */
export function createSimulation(
  prefilter: Prefilter,
  { mac, position }: SimulatedDevice,
  clock: Clock = () => null,
): Simulation {
  const families = {
    4: new FamilySimulation(prefilter.ip, position, clock),
    6: new FamilySimulation(prefilter.ip6, position, clock),
  };
  const parse: Simulation['parse'] = (frame) => parseFrame(frame, mac);
  return {
    parse,
    holds: (literal, step, fields) => families[fields.family].holds(literal, step, fields),
    decide: (frame) => {
      const fields = parse(frame);
      if (typeof fields !== 'string') return families[fields.family].decide(fields);
      return { verdict: 'pass', reason: fields, family: null, step: null };
    },
  };
}
