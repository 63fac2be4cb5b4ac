/** Original and prefilter-plus-residual, frame by frame. */
import type { Fate } from '../../../src/oracle/fate.js';
import type { Flow } from './flows.js';
import { ipOffset, targetMac } from './frame.js';
import type { Datagram } from './pool.js';
import type { Fates } from './probes.js';

export const XDP_DROP = 1;

export type FindingKind =
  /** XDP dropped what netfilter let through, answered, or what was somebody else's. */
  | 'unsound'
  /** XDP passed it and its fate is another one. */
  | 'difference'
  /** A rule with an effect (LOG, REJECT, limit …) counted differently. */
  | 'effect'
  /** The attached program and the test run disagree. */
  | 'verdict'
  /** The oracle says something else than netfilter did. */
  | 'oracle'
  /** Every rule that may drop it is `full`, yet XDP passed it. */
  | 'leak';

export interface Finding {
  readonly kind: FindingKind;
  readonly backend: string;
  readonly text: string;
}

export interface Observed {
  readonly backend: string;
  readonly original: Fates;
  readonly split: Fates;
  /** Packets by rule (`firewall.counters`). */
  readonly originalCounters: ReadonlyMap<string, number>;
  readonly splitCounters: ReadonlyMap<string, number>;
  /** The program could ask conntrack: a frame of a flow may pass that the test run, without flows, dropped. */
  readonly conntrack: boolean;
  /** Drops after conntrack leave packets of tracked connections to netfilter. */
  readonly strict: boolean;
  /** Opened by the targets. */
  readonly flows: readonly Flow[];
  /** Of the test run before any frame was sent, by datagram and frame. */
  readonly verdicts: readonly (readonly number[])[];
}

/** A whole TCP segment whose sequence number carries the index (`pool.ts`), so that a RST can be told to answer it. */
function isOurTcp({ index, frames }: Datagram): boolean {
  const [frame] = frames;
  const found = frame && ipOffset(frame);
  if (!frame || !found || frame[found.at + (found.version === 4 ? 9 : 6)] !== 6) return false;
  const header = found.at + (found.version === 4 ? ((frame[found.at] ?? 0) & 15) * 4 : 40);
  return ((frame[header + 4] ?? 0) << 16) + ((frame[header + 5] ?? 0) << 8) + (frame[header + 6] ?? 0) === index;
}

/** Everything noted of a datagram: by the index in its header and in RSTs that answer it. */
export function notesOf(fates: Fates, datagram: Datagram): readonly string[] {
  const notes = fates.get(`${datagram.version} ${datagram.index}`) ?? [];
  return isOurTcp(datagram) ? [...notes, ...(fates.get(`tcp ${datagram.index}`) ?? [])] : notes;
}

/** Seen behind XDP: at ingress (as IP), or before every chain of prerouting. */
export const early = (notes: readonly string[]): boolean => notes.some((note) => /^(ingress|early) /.test(note));
export const survived = (notes: readonly string[]): boolean => notes.some((note) => /^(input|forward|out) /.test(note));
const has = (notes: readonly string[], place: string): boolean => notes.some((note) => note.startsWith(`${place} `));

/** Answered by a rule, or by what the rules let it reach. What the stack answers between PREROUTING and INPUT or FORWARD (no route, TTL, scope) is not that. */
export const answered = (notes: readonly string[]): boolean =>
  (has(notes, 'entered') || !has(notes, 'prerouting')) && notes.some((note) => note === 'answer' || note === 'reset');

/** Unicast to another station, or in a VLAN: a macvlan or VLAN device may own it. */
function somebodyElses(frame: Uint8Array): boolean {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const destination = view.getUint16(0) * 2 ** 32 + view.getUint32(2);
  if (((frame[0] ?? 0) & 1) === 0 && destination !== targetMac) return true;
  for (let at = 12; at + 4 < frame.length && [0x8100, 0x88a8].includes(view.getUint16(at)); at += 4) {
    if ((view.getUint16(at + 2) & 0xfff) !== 0) return true;
  }
  return false;
}

/** Netfilter itself let it vanish; what the stack discards between hooks (no route, martian, TTL) is not that. */
export function droppedByRules(notes: readonly string[]): boolean {
  if (survived(notes) || answered(notes)) return false;
  if (!has(notes, 'early')) return has(notes, 'ingress') && !has(notes, 'received');
  return !has(notes, 'prerouting') || has(notes, 'entered');
}

/** Behind the extension headers that conntrack looks behind: the protocol and where its header begins; `fragment`: a part of a datagram. */
interface Transport {
  readonly protocol: number;
  readonly at: number;
  readonly fragment: boolean;
  readonly addresses: readonly [Uint8Array, Uint8Array];
}

function transportOf(frame: Uint8Array): Transport | null {
  const found = ipOffset(frame);
  if (found === null) return null;
  const byte = (offset: number): number => frame[found.at + offset] ?? 0;
  const bytes = (offset: number, count: number): Uint8Array =>
    frame.subarray(found.at + offset, found.at + offset + count);
  if (found.version === 4) {
    const fragment = (byte(6) & 0x3f) !== 0 || byte(7) !== 0;
    return { protocol: byte(9), at: found.at + (byte(0) & 15) * 4, fragment, addresses: [bytes(12, 4), bytes(16, 4)] };
  }
  let next = byte(6);
  let offset = 40;
  while ([0, 43, 51, 60].includes(next) && offset < frame.length) {
    const units = byte(offset + 1);
    const length = next === 51 ? (units + 2) * 4 : (units + 1) * 8;
    next = byte(offset);
    offset += length;
  }
  return { protocol: next, at: found.at + offset, fragment: next === 44, addresses: [bytes(8, 16), bytes(24, 16)] };
}

/** A fragment on its own waits for the others and dies with them; no rule has to do with that. */
export const isFragment = (frame: Uint8Array): boolean => transportOf(frame)?.fragment ?? false;

const hex = (frames: readonly Uint8Array[]): string =>
  frames.map((frame) => Buffer.from(frame).toString('hex')).join(' + ');
const told = (datagram: Datagram): string =>
  `#${datagram.index} IPv${datagram.version} ${datagram.shape} ${hex(datagram.frames)}`;

/** Some frame of it was. What netfilter sees nothing of, conntrack does not know: there the test run is right. */
export const droppedInXdp = (verdicts: readonly number[], split: readonly string[], conntrack: boolean): boolean =>
  verdicts.some((verdict) => verdict === XDP_DROP) && !(conntrack && early(split) && verdicts.length === 1);

function judgeDatagram(datagram: Datagram, at: number, run: Observed): Finding | null {
  const before = notesOf(run.original, datagram);
  const after = notesOf(run.split, datagram);
  const verdicts = run.verdicts[at] ?? [];
  const dropped = droppedInXdp(verdicts, after, run.conntrack);
  const say = (kind: FindingKind, why: string): Finding => ({
    kind,
    backend: run.backend,
    text: `${why}\n  ${told(datagram)}\n  original: ${before.join(', ') || '-'}\n  split:    ${after.join(', ') || '-'}  xdp ${verdicts.join(',')}`,
  });
  if (dropped && (survived(before) || answered(before))) return say('unsound', 'XDP dropped it, netfilter had not');
  if (dropped && datagram.frames.some((frame, i) => verdicts[i] === XDP_DROP && somebodyElses(frame)))
    return say('unsound', 'XDP dropped a frame that is not for this station');
  if (dropped && early(after) && verdicts.every((verdict) => verdict === XDP_DROP))
    return say('verdict', 'the attached program passed it');
  if (!dropped && early(before) && !early(after))
    return say('verdict', 'the attached program dropped it (or it was lost)');
  if (!dropped && before.join() !== after.join()) return say('difference', 'another fate');
  if (dropped && (survived(after) || answered(after)))
    return say('difference', 'rest of a dropped datagram came through');
  return null;
}

/** Rules whose every packet matters beyond its fate. Their counters must not move by what XDP drops. */
const hasEffect =
  /-j (LOG|NFLOG|REJECT|SET|TRACE|AUDIT|CONNMARK|TEE|DNAT|SNAT|MASQUERADE|REDIRECT)( |$)|-m (limit|recent|hashlimit|connlimit|quota|statistic)/;

/**
 * Chains that arriving packets may meet, as `<tool> <table> <chain>`. What the target sends itself is not compared: the stack's own
 * answers to packets that die between the hooks (time exceeded, no route) are lost with a packet that is dropped before.
 */
function arrivalChains(rules: readonly string[]): ReadonlySet<string> {
  const edges = rules.flatMap((rule) => {
    const [, at = '', from = '', , to = ''] = /^(\S+ \S+) -A (\S+)( .*)? -[jg] (\S+)/.exec(rule) ?? [];
    return [{ from: `${at} ${from}`, to: `${at} ${to}` }];
  });
  const reached = new Set(edges.map(({ from }) => from).filter((chain) => / (PREROUTING|INPUT|FORWARD)$/.test(chain)));
  for (let size = -1; size !== reached.size;) {
    size = reached.size;
    for (const { from, to } of edges) if (reached.has(from)) reached.add(to);
  }
  return reached;
}

/** The same in nft's words, where the counter stands before the effect. */
const hasNftEffect =
  /\bcounter\b.* (log|reject|limit|quota|dup|snat|dnat|masquerade|redirect|queue|(add|update) @|ct mark set)\b/;

function judgeCounters(run: Observed): Finding[] {
  const arrival = arrivalChains([...run.originalCounters.keys()]);
  const isCompared = (rule: string): boolean => {
    // Of nft only those of arriving packets are here.
    if (rule.startsWith('nft ')) return hasNftEffect.test(rule);
    const chain = rule
      .split(' ', 4)
      .filter((word) => word !== '-A')
      .join(' ');
    return hasEffect.test(rule) && arrival.has(chain);
  };
  return [...run.originalCounters].flatMap(([rule, packets]) => {
    const now = run.splitCounters.get(rule);
    if (!isCompared(rule) || now === packets) return [];
    return [
      {
        kind: 'effect' as const,
        backend: run.backend,
        text: `${rule}: ${packets} packets, split ${now ?? 'lacks the rule'}`,
      },
    ];
  });
}

/** Ends of a TCP or UDP packet, whichever sends, and the protocol. */
function flowOf({ frames: [frame] }: Datagram): string | null {
  const found = frame && transportOf(frame);
  if (!frame || !found || found.fragment || ![6, 17].includes(found.protocol)) return null;
  const ends = found.addresses.map((address, end) =>
    Buffer.from([...address, ...frame.subarray(found.at + 2 * end, found.at + 2 * end + 2)]).toString('hex'),
  );
  return [found.protocol, ...ends.sort()].join(' ');
}

/** Sent to a connection that each target began with a sequence number of its own: to conntrack it may be valid in one of them only. */
function isOfOwnSequence({ frames: [frame] }: Datagram, flows: readonly Flow[]): boolean {
  const found = frame && transportOf(frame);
  if (!frame || found?.protocol !== 6) return false;
  const port = (offset: number): number => ((frame[found.at + offset] ?? 0) << 8) | (frame[found.at + offset + 1] ?? 0);
  return flows.some(
    ({ protocol, peerPort, localPort }) => protocol === 6 && port(0) === peerPort && port(2) === localPort,
  );
}

/**
 * What conntrack may take for another thing in the split than in the original: packets of connections with a sequence number of the target's,
 * and, not strict, what comes on a flow after a packet that XDP dropped for a rule behind conntrack (the assumption `flow-state`).
 */
function otherToConntrack(datagrams: readonly Datagram[], run: Observed): ReadonlySet<Datagram> {
  const [dropped, other] = [new Set<string>(), new Set<Datagram>()];
  for (const [at, datagram] of datagrams.entries()) {
    const flow = flowOf(datagram);
    if (flow === null) continue;
    if (isOfOwnSequence(datagram, run.flows) || (!run.strict && dropped.has(flow))) other.add(datagram);
    if (droppedInXdp(run.verdicts[at] ?? [], notesOf(run.split, datagram), run.conntrack)) dropped.add(flow);
  }
  return other;
}

export function compare(datagrams: readonly Datagram[], run: Observed): Finding[] {
  const tolerated = otherToConntrack(datagrams, run);
  const found = datagrams.flatMap((datagram, at) => {
    const finding = judgeDatagram(datagram, at, run);
    return finding === null || (finding.kind === 'difference' && tolerated.has(datagram)) ? [] : [finding];
  });
  return [...found, ...judgeCounters(run)];
}

/** The oracle against what the original really did. Fragments are left out: the oracle sees one frame at a time. */
export function compareOracle(
  datagrams: readonly Datagram[],
  run: Observed,
  fateOf: (frame: Uint8Array) => Fate,
  isFull: (rule: string) => boolean,
): Finding[] {
  return datagrams.flatMap((datagram, at): Finding[] => {
    const [frame, ...rest] = datagram.frames;
    if (frame === undefined || rest.length > 0) return [];
    const fate = fateOf(frame);
    const notes = notesOf(run.original, datagram);
    const through = survived(notes) || answered(notes);
    const say = (kind: FindingKind, why: string): Finding[] => [
      {
        kind,
        backend: run.backend,
        text: `${why}: ${JSON.stringify(fate)}\n  ${told(datagram)}\n  original: ${notes.join(', ') || '-'}  xdp ${run.verdicts[at]?.join(',') ?? ''}`,
      },
    ];
    if (fate.kind === 'drop' && through) return say('oracle', 'the oracle drops what came through');
    if (fate.kind === 'lost' && survived(notes)) return say('oracle', 'the oracle loses what came through');
    if (fate.kind === 'pass' && fate.how === 'accept' && !isFragment(frame) && droppedByRules(notes))
      return say('oracle', 'the oracle passes what was dropped');
    if (fate.kind === 'drop' && run.verdicts[at]?.[0] !== XDP_DROP && early(notes) && fate.rules.every(isFull))
      return say('leak', 'full, but passed');
    return [];
  });
}
