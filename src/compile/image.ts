/** What the loader puts into the kernel: bytes and sizes only. */
import type { VlanTag } from '../model/host.js';
import type { CountedPlaces } from './counter-row.js';
import { limits, type Field } from '../plan/program.js';
import type { ListWalk } from './list-walk.js';

/** One lookup structure, as the plan lists it. */
export interface Structure {
  /** Family and field: `ip saddr`. */
  readonly name: string;
  readonly structure:
    | 'direct'
    | 'ranges'
    | 'buckets'
    | 'filter'
    | 'trie'
    | 'where-map'
    | 'counted-cells'
    | 'prefix-buckets'
    | 'tuple-buckets'
    | 'combinations'
    | 'decisions'
    | 'lists'
    | 'bit-vectors';
  readonly entries: number;
  readonly bytes: number;
}

export interface DeviceConfig {
  /** 48-bit number. */
  readonly mac: number;
  /** Position in `Plan.devices`. */
  readonly position: number;
  /** Index of the device, where somebody else's program there calls this one; absent: it is attached itself. */
  readonly calledOn?: number;
  /** Every round of a search is a call: slower, but the verifier walks one of them, not each. */
  readonly callsRounds?: boolean;
  /** A VLAN device that is covered through the one it stands on: its tag, and its index. */
  readonly vlan?: VlanTag & { readonly ifindex: number };
}

export interface Image {
  /** The one value of the map `tables`; its length is the map's value size. */
  readonly tables: Uint8Array;
  /** Counters by number; 0: drops are not counted. */
  readonly counters: number;
  /** Places for them in the value that each CPU has in the map `counters`: more where addresses stand among them. */
  readonly counterPlaces: number;
  /** Null: each counter stands at the place of its number. */
  readonly countedPlaces: CountedPlaces | null;
  readonly structures: readonly Structure[];
  /** Steps of both families. */
  readonly steps: number;
  readonly fields: readonly Field[];
  /** How IPv4 packets come to steps by lists; null: there are none. */
  readonly walk: ListWalk | null;
  /** Some drops want conntrack asked first: the program with the kfuncs is needed. */
  readonly asksConntrack: boolean;
  /** It drops only while its lease runs. */
  readonly leased: boolean;
  /** It gives samples of what it drops to whoever listens. */
  readonly sampled: boolean;
  /**
   * `.rodata` of the program for one device. `clockZero`: nanoseconds since the epoch when CLOCK_MONOTONIC, by which the program
   * tells what has expired, was 0.
   */
  readonly rodata: (device: DeviceConfig, clockZero: bigint) => Uint8Array;
}

/** Most steps that a family may have. */
export const maxSteps = limits.steps;
/** Most tables of tuples that a family may use: one for each combination of fields that its atoms ask. */
export const maxTuples = limits.tupleTables;
/** Most elements of one prefix or tuple table, after ranges have been split into prefixes. */
export const maxPrefixes = 8_000_000;
/** The verifier bounds a variable offset by 2^29 (BPF_MAX_VAR_OFF). */
export const maxImageBytes = 512 * 1024 * 1024 - 65536;

/**
 * The program is right but does not fit. The planner may leave the rules behind `atoms` (indices into the family's atoms) or behind
 * the last steps in netfilter and try again.
 */
export class CompileError extends Error {
  constructor(
    readonly code: 'too-large' | 'too-many-steps' | 'too-many-tuples',
    message: string,
    readonly family: 4 | 6,
    readonly atoms: readonly number[] = [],
  ) {
    super(message);
    this.name = 'CompileError';
  }
}
