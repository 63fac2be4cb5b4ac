/** The ruleset of one host, whatever dialects it was written in. */
import type { Span } from '../diagnostic.js';
import type { Part } from './match.js';
import type { Cut, NftText, Place } from './nft-text.js';
import type { NamedSet, SetId } from './set.js';

/** Family of a table. */
export type Family = 'ip' | 'ip6' | 'inet' | 'arp' | 'bridge' | 'netdev';

/** `<family> <table> <chain> <number>` (number from 1) or `<family> <table> <chain> policy`. */
export type RuleId = string & { readonly __brand: 'RuleId' };

export type Hook = 'ingress' | 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | 'egress';

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
  /** nft: how it may be taken out of its text. */
  readonly cut?: Cut;
}

interface ChainBase {
  readonly name: string;
  readonly span: Span;
  readonly rules: readonly Rule[];
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
  /**
   * Not nft's to load. `iptables-nft`: what nft shows of it may be short of options. `iptables-names`: named as iptables names its tables
   * and chains, which others may do too: nft can load what it shows. `owner`: it belongs to a running program
   * (flags owner, Linux 5.12), nobody else may change it, and it goes when its maker ends.
   */
  readonly managed?: 'iptables-nft' | 'iptables-names' | 'owner';
  /** nft: what loading the text does to a table of that name that is there already. */
  readonly loads?: 'afresh' | 'on-top' | 'into-existing';
  /** nft text: from `table` to behind `}`, each of its blocks. */
  readonly blocks?: readonly Place[];
}

export type InputFormat = 'iptables-save' | 'ip6tables-save' | 'nft' | 'nft-json' | 'ipset';

/** One input as read: what the report and the residual need of it. */
export interface Input {
  readonly file: string;
  readonly format: InputFormat;
  /**
   * The whole text, byte for byte (latin-1 decoding of undecodable bytes is not lossless, so keep what was read). Of a long ipset save, which
   * is not written back, only what it begins with.
   */
  readonly text: string;
  /** nft file: marks may stand in the texts for elements (src/parse/nft/long-lists.ts), and in what is made of them. */
  readonly isMarked?: true;
  readonly rules: number;
  readonly sets: number;
  readonly elements: number;
  /** nft text with the files it includes. */
  readonly nft?: NftText;
  /** When the dump was written, milliseconds since the epoch; null where nobody knows. */
  readonly takenAt: number | null;
}

export interface Ruleset {
  readonly inputs: readonly Input[];
  readonly tables: readonly Table[];
  readonly sets: ReadonlyMap<SetId, NamedSet>;
}
