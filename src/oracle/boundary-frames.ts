/**
 * Frames from the boundaries of every rule: one that it asks for, one at and beyond each bound, traps on a sample, and random
 * combinations of all the values that occur. For the verification of a loaded program and for the differential tests.
 */
import type { AddressFamily } from '../model/address.js';
import type { HostFacts } from '../model/host.js';
import type { Rule, Ruleset, Table } from '../model/ruleset.js';
import { buildFrame, groupMac, type FrameSpec } from './build-frame.js';
import { packFrames, type FrameBatch, type OriginFrame } from './frame-batch.js';
import { sourceOf, type Source } from './frame-source.js';
import { parsePrefix } from './parse-prefix.js';
import { randomNumbers, spread } from './random-numbers.js';
import { addressEdges, matchEdges, type Change, type FrameContext } from './satisfy-match.js';
import { trapFrames } from './trap-frames.js';
import { valuePools } from './value-pools.js';
import { applyRule, jumpsInto, waysInto } from './ways-into.js';

export interface BoundaryOptions {
  readonly seed?: number;
  /** Upper bound of the frames made for set elements, all sets together; sets with fewer elements get all of theirs. */
  readonly setFrames?: number;
  /** Rules that get frames; of more, so many, spread evenly. Absent: all. */
  readonly rules?: number;
  /** Rules (spread evenly) that also get every trap. */
  readonly trapRules?: number;
  /** Frames that combine values at random. */
  readonly randomFrames?: number;
  /** Frames per batch. */
  readonly batch?: number;
  /** IPv4 identification (16 bits) or IPv6 flow label (20 bits) of the i-th frame, so that a harness recognises survivors. */
  readonly identify?: (i: number) => number;
}

/** A frame still to be built, once its identifier is known. */
interface Draft {
  readonly origin: string;
  readonly build: (identifier: number) => Uint8Array;
}

const isNews = (spec: FrameSpec, change: Change): boolean =>
  Object.entries(change).some(([field, value]) => spec[field as keyof FrameSpec] !== value);

function* ruleSpecs(rule: Rule, ways: readonly FrameSpec[], context: FrameContext): Generator<FrameSpec> {
  for (const way of ways) {
    const spec = applyRule(rule, way, context);
    yield spec;
    for (const part of rule.parts) {
      if (!('match' in part)) continue;
      for (const change of matchEdges(part.match, context, spec)) {
        if (isNews(spec, change)) yield { ...spec, ...change };
      }
    }
  }
}

function* localEdges(facts: HostFacts, { base, context }: Source): Generator<FrameSpec> {
  const { family } = context;
  const routes = (facts.localRoutes ?? []).filter((route) => route.family === family);
  for (const i of spread(routes.length, 64)) {
    const { lo, hi } = parsePrefix(family, routes[i]?.prefix ?? '');
    for (const daddr of addressEdges({ family, count: 1, lo, hi }, 0)) yield { ...base, daddr };
  }
  yield { ...base, daddr: context.foreign };
}

/** Replies to a DHCP client: it reads them from a packet socket, in front of every hook. */
function* clientReplies({ base, context: { family } }: Source): Generator<FrameSpec> {
  const [sport, dport] = family === 4 ? [67, 68] : [547, 546];
  for (const port of [sport - 1, sport, sport + 1]) yield { ...base, protocol: 17, sport: port, dport };
  for (const port of [dport - 1, dport + 1]) yield { ...base, protocol: 17, sport, dport: port };
}

/** Every combination of TCP flags, with and without a payload, where rules look at them: they overlap in more ways than their bounds show. */
function* flagCombinations(base: FrameSpec, tables: readonly Table[]): Generator<FrameSpec> {
  const rules = tables.flatMap(({ chains }) => [...chains.values()].flatMap((chain) => chain.rules));
  if (!rules.some(({ parts }) => parts.some((part) => 'match' in part && part.match.kind === 'tcpFlags'))) return;
  for (let tcpFlags = 0; tcpFlags < 256; tcpFlags++)
    for (const payload of [0, 8]) yield { ...base, protocol: 6, tcpFlags, payload };
}

const appliesTo = (table: Table, family: AddressFamily): boolean =>
  table.family === 'inet' || table.family === 'netdev' || table.family === (family === 4 ? 'ip' : 'ip6');

const rulesIn = (table: Table): number => [...table.chains.values()].reduce((n, { rules }) => n + rules.length, 0);

function* familyDrafts(source: Source, facts: HostFacts, options: BoundaryOptions): Generator<Draft> {
  const { context, base, mac } = source;
  const tables = context.ruleset.tables.filter((table) => appliesTo(table, context.family));
  const total = tables.reduce((sum, table) => sum + rulesIn(table), 0);
  const chosen = new Set(spread(total, options.rules ?? total));
  const trapped = new Set(spread(total, options.trapRules ?? 50));
  const pools = valuePools(randomNumbers(options.seed ?? 1));
  // Multicast destinations come in multicast frames, unless the frame was addressed on purpose.
  const address = (spec: FrameSpec): FrameSpec =>
    spec.destinationMac === mac ? { ...spec, destinationMac: groupMac(spec.daddr) ?? mac } : spec;
  const draft = (origin: string, spec: FrameSpec): Draft => {
    pools.add(spec);
    return { origin, build: (identifier) => buildFrame({ ...address(spec), identifier }) };
  };
  const traps = (origin: string, spec: FrameSpec): Draft[] =>
    trapFrames(address(spec)).map(({ name, build }) => ({ origin: `${origin}: ${name}`, build }));

  yield* traps('no rule', base);
  for (const spec of localEdges(facts, source)) yield draft('local route', spec);
  for (const spec of clientReplies(source)) yield draft('reply to a DHCP client', spec);
  for (const spec of flagCombinations(base, tables)) yield draft('TCP flags', spec);
  let position = 0;
  for (const table of tables) {
    const jumps = jumpsInto(table);
    for (const chain of table.chains.values()) {
      const ways = waysInto(table, chain.name, source, 0, jumps);
      for (const rule of chain.rules) {
        const at = position++;
        if (!chosen.has(at) && !trapped.has(at)) continue;
        for (const spec of ruleSpecs(rule, ways, context)) yield draft(rule.id, spec);
        if (trapped.has(at)) yield* traps(rule.id, applyRule(rule, ways[0] ?? base, context));
      }
    }
  }
  for (let i = 0; i < (options.randomFrames ?? 1000); i++) yield draft('random', pools.combine(base));
}

/** Both families in turn; batches are as large as `options.batch` but for the last. */
export function* boundaryFrames(
  ruleset: Ruleset,
  facts: HostFacts,
  device: string,
  options: BoundaryOptions = {},
): Generator<FrameBatch> {
  const identify = options.identify ?? ((i: number): number => i + 1);
  let count = 0;
  let batch: OriginFrame[] = [];
  for (const family of [4, 6] as const) {
    const source = sourceOf(ruleset, facts, device, family, options.setFrames ?? 20_000);
    for (const { origin, build } of familyDrafts(source, facts, options)) {
      batch.push({ origin, frame: build(identify(count++)) });
      if (batch.length < (options.batch ?? 4096)) continue;
      yield packFrames(batch);
      batch = [];
    }
  }
  if (batch.length > 0) yield packFrames(batch);
}
