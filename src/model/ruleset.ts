/** The ruleset of one host, whatever dialects it was written in. */
import type { Span } from '../diagnostic.js';
import type { Part } from './match.js';
import type { NamedSet, SetId } from './set.js';

/** Family of a table. */
export type Family = 'ip' | 'ip6' | 'inet' | 'arp' | 'bridge' | 'netdev';

/** `<family> <table> <chain> <number>` (number from 1) or `<family> <table> <chain> policy`. */
export type RuleId = string & { readonly __brand: 'RuleId' };

export type Hook = 'ingress' | 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | 'egress';

/** Offsets in the text of a file (UTF-16 units, end exclusive). */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

/**
 * An nft rule that can go several ways (a verdict map, say) is several rules of one id and number that stand together; no packet matches
 * two of them.
 */
export interface Rule {
  readonly id: RuleId;
  /** Position in its chain, from 1. */
  readonly number: number;
  readonly span: Span;
  /** The source line without its trailing newline, as it stands in the input. */
  readonly text: string;
  readonly parts: readonly Part[];
  /** nft text: the rule itself, where it stands in the main file and may be taken out. */
  readonly extent?: Extent;
}

interface ChainBase {
  readonly name: string;
  readonly span: Span;
  readonly rules: readonly Rule[];
  /** nft text: from `chain` to behind `}`, wherever the main file declares it. */
  readonly blocks?: readonly Extent[];
}

export interface BaseChain extends ChainBase {
  readonly kind: 'base';
  readonly type: 'filter' | 'nat' | 'route';
  readonly hook: Hook;
  readonly priority: number;
  readonly policy: 'accept' | 'drop';
  /** netdev chains are bound to devices; empty elsewhere. */
  readonly devices: readonly string[];
}

export interface RegularChain extends ChainBase {
  readonly kind: 'regular';
}

export type Chain = BaseChain | RegularChain;

export interface Table {
  readonly family: Family;
  readonly name: string;
  /** Which tool's semantics apply where they differ (short headers, element counters). */
  readonly dialect: 'iptables' | 'nft';
  readonly file: string;
  readonly span: Span;
  readonly chains: ReadonlyMap<string, Chain>;
  /** A table of iptables-nft in an nft listing: it is iptables' to load, and what nft shows of it may be short of options. */
  readonly managed?: 'iptables-nft';
  /** nft text: from `table` to behind `}`, wherever the main file has such a block. */
  readonly blocks?: readonly Extent[];
}

export type InputFormat = 'iptables-save' | 'ip6tables-save' | 'nft' | 'nft-json' | 'ipset';

/** One input as read: what the report and the residual need of it. */
export interface Input {
  readonly file: string;
  readonly format: InputFormat;
  /** The whole text, byte for byte (latin-1 decoding of undecodable bytes is not lossless, so keep what was read). */
  readonly text: string;
  readonly rules: number;
  readonly sets: number;
  readonly elements: number;
  /** When the dump was written (file modification time), milliseconds since the epoch; null for a pipe. */
  readonly takenAt: number | null;
}

export interface Ruleset {
  readonly inputs: readonly Input[];
  readonly tables: readonly Table[];
  readonly sets: ReadonlyMap<SetId, NamedSet>;
}
