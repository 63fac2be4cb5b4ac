/** Syntax tree of a packet as a person writes it. */

export interface Endpoint {
  readonly family: 4 | 6;
  /** As written, without brackets. */
  readonly address: string;
  /** Not yet checked for its range. */
  readonly port: number | null;
  readonly column: number;
}

/** `open`: whatever it may be. */
export type TrackingWord = 'new' | 'established' | 'related' | 'invalid' | 'untracked' | 'open';

type ClauseBody =
  | { readonly kind: 'capture'; readonly file: string; readonly number: number }
  | { readonly kind: 'in'; readonly device: string }
  /** `mac`: a 48-bit number. */
  | { readonly kind: 'from'; readonly mac: number }
  | { readonly kind: 'protocol'; readonly name: string }
  /** `type`: its name, or its number; null where none is given. */
  | {
      readonly kind: 'icmp';
      readonly version: 4 | 6;
      readonly type: string | number | null;
      readonly code: number | null;
    }
  | { readonly kind: 'flow'; readonly source: Endpoint; readonly destination: Endpoint }
  /** Bits of the TCP header: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128. */
  | { readonly kind: 'flags'; readonly flags: number }
  /** Bytes; null: the first fragment. */
  | { readonly kind: 'fragment'; readonly offset: number | null }
  | { readonly kind: 'ttl'; readonly value: number }
  | { readonly kind: 'tos'; readonly value: number }
  | { readonly kind: 'len'; readonly value: number }
  | { readonly kind: 'vlan'; readonly value: number }
  | { readonly kind: 'state'; readonly state: TrackingWord };

/** `column` counts UTF-16 units from 1. */
export type Clause = ClauseBody & { readonly column: number };
