/** The XDP program as a function: the decision list of a plan on one device's frames. */
import type { AddressFamily } from '../model/address.js';
import type { VlanTag } from '../model/host.js';
import { Availability, knownUpTo, type LinkField, nestedTags, ReversePath } from '../model/field.js';
import { lackingHolds, type Literal, type Prefilter, type Step, type StepProgram } from '../plan/program.js';
import { type Clock, entryLookup, type EntryLookup } from './entry-index.js';
import { parseFrame, type FrameFields, type UnreadReason } from './parse-frame.js';
import type { RouteBack } from './route-back.js';

export type PassReason =
  | UnreadReason
  /** The family has no steps. */
  | 'family'
  /** No step matches. */
  | 'noStep'
  /** The deciding step is a guard. */
  | 'guard'
  /** A drop behind a question that conntrack cannot be asked about this packet. */
  | 'tracked'
  /** It turns on a field that was made up: not dropped whatever the field is. */
  | 'hidden';

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
  /** @param hidden Fields that were made up: dropped is what is dropped whatever they are. */
  readonly decide: (frame: Uint8Array, hidden?: ReadonlySet<LinkField>) => Decision;
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
  /** How sources are routed; without it nothing is known. */
  readonly routeBack?: RouteBack;
  /** Its frames are seen as they arrive on the device it stands on. */
  readonly vlan?: VlanTag;
}

/** Host, broadcast, multicast. */
const packetTypes = [0, 1, 2];

/** Conntrack can be asked about whole TCP and UDP packets. */
const canAsk = ({ small: { availability, protocol } }: FrameFields): boolean =>
  availability === Availability.complete && (protocol === 6 || protocol === 17);

class FamilySimulation {
  readonly #lookups: (EntryLookup | undefined)[] = [];
  /** Of one frame with hidden fields: what becomes of it from a place on. */
  readonly #bothWays = new Map<string, Decision>();

  constructor(
    readonly program: StepProgram,
    private readonly device: number,
    private readonly routeBack: RouteBack,
    private readonly clock: Clock,
  ) {}

  entry(atom: number, fields: FrameFields): number {
    return (this.#lookups[atom] ??= entryLookup(this.program.atoms[atom]!))(fields, this.device, this.clock());
  }

  /** A literal over a field that the packet lacks: a guard errs to true, a drop or skip to false. Null: it turns on a hidden field. */
  holds({ atom, negate }: Literal, { outcome }: Step, fields: FrameFields): boolean | null {
    const asked = this.program.atoms[atom]!;
    const { field } = asked;
    if (fields.small.availability > knownUpTo(asked)) return lackingHolds(outcome);
    if (asked.kind === 'tuples' && fields.hidden.has('smac') && asked.columns.some((one) => one.field === 'smac'))
      return null;
    if (fields.hidden.size > 0 && (field === 'smac' || field === 'packetType') && fields.hidden.has(field)) {
      const contained = field === 'smac' ? null : this.#containsAnyPacketType(atom, fields);
      return contained === null ? null : contained !== negate;
    }
    return this.entry(atom, fields) >= 0 !== negate;
  }

  /** Null: some of them. */
  #containsAnyPacketType(atom: number, fields: FrameFields): boolean | null {
    const tags = fields.small.packetType & nestedTags;
    const answers = packetTypes.map(
      (type) => this.entry(atom, { ...fields, small: { ...fields.small, packetType: type | tags } }) >= 0,
    );
    return answers.every((answer) => answer === answers[0]) ? answers[0]! : null;
  }

  #isMet(step: Step, fields: FrameFields): boolean | null {
    let open = false;
    for (const literal of step.when) {
      const holds = this.holds(literal, step, fields);
      if (holds === false) return false;
      open ||= holds === null;
    }
    return open ? null : true;
  }

  decide(fields: FrameFields): Decision {
    const { steps, family } = this.program;
    if (steps.length === 0) return { verdict: 'pass', reason: 'family', family, step: null };
    this.#bothWays.clear();
    return this.#follow(0, false, fields, false);
  }

  /** From step `from` on, which counts as met where `met`. */
  #follow(from: number, askedBefore: boolean, arrived: FrameFields, met: boolean): Decision {
    let fields = arrived;
    const { steps, family } = this.program;
    let asked = askedBefore;
    for (let number = from; number < steps.length;) {
      const step = steps[number]!;
      const { outcome } = step;
      const isMet = (met && number === from) || this.#isMet(step, fields);
      if (isMet === null) return this.#followBoth(number, asked, fields);
      if (!isMet) number++;
      else if (outcome.kind === 'skip') number = outcome.to;
      else if (outcome.kind === 'mark') {
        fields = { ...fields, small: { ...fields.small, mark: outcome.state } };
        number++;
      } else if (outcome.kind === 'route') {
        const reversePath = this.routeBack(family, fields.saddr);
        fields = { ...fields, small: { ...fields.small, reversePath } };
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

  /** With the step met and not met: drops need proof. */
  #followBoth(number: number, asked: boolean, fields: FrameFields): Decision {
    const place = `${number} ${asked} ${fields.small.mark} ${fields.small.reversePath}`;
    const known = this.#bothWays.get(place);
    if (known !== undefined) return known;
    const met = this.#follow(number, asked, fields, true);
    const notMet = met.verdict === 'pass' ? met : this.#follow(number + 1, asked, fields, false);
    const found: Decision =
      notMet.verdict === 'pass'
        ? { verdict: 'pass', reason: 'hidden', family: this.program.family, step: number }
        : { ...notMet, verdict: met.verdict === 'ask' ? 'ask' : notMet.verdict };
    this.#bothWays.set(place, found);
    return found;
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
  { mac, position, vlan, routeBack = () => ReversePath.unknown }: SimulatedDevice,
  clock: Clock = () => null,
): Simulation {
  const families = {
    4: new FamilySimulation(prefilter.ip, position, routeBack, clock),
    6: new FamilySimulation(prefilter.ip6, position, routeBack, clock),
  };
  const parse = (frame: Uint8Array, hidden?: ReadonlySet<LinkField>): FrameFields | UnreadReason =>
    parseFrame(frame, mac, hidden, vlan);
  return {
    parse: (frame) => parse(frame),
    holds: (literal, step, fields) => families[fields.family].holds(literal, step, fields) === true,
    decide: (frame, hidden) => {
      const fields = parse(frame, hidden);
      if (typeof fields !== 'string') return families[fields.family].decide(fields);
      return { verdict: 'pass', reason: fields, family: null, step: null };
    },
  };
}
