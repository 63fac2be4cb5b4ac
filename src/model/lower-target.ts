/** A target of iptables, or a jump, to a statement. */
import { printOption } from '../parse/print-iptables.js';
import { lowerMarkTarget } from './lower-mark.js';
import type { Statement } from './match.js';
import type { Extension, RoutedRule } from './route-options.js';

export interface ChainOf {
  readonly isChain: (name: string) => boolean;
  /** Name of the base chain the rule stands in, or of the user's chain. */
  readonly chain: string;
}

type Make = (name: string, text: string, target: Extension, chain: string) => Statement;

const observe: Make = (name, text) => ({ kind: 'observe', name, text });
const handover: Make = (name, text) => ({ kind: 'handover', name, text });
const annotate =
  (what: 'mark' | 'priority' | 'notrack'): Make =>
  (_, text) => ({ kind: 'annotate', name: what, text });
const nat =
  (changes: 'source' | 'destination'): Make =>
  (name, text) => ({ kind: 'nat', name, text, changes });
const mangle =
  (changes: 'ttl' | 'tos' | 'length' | 'other'): Make =>
  (name, text) => ({ kind: 'mangle', name, changes, text });

/** NETMAP maps the destination where packets arrive and the source where they leave; in a user's chain it may do either. */
const netmap: Make = (name, text, _, chain) => ({
  kind: 'nat',
  name,
  text,
  changes: chain === 'POSTROUTING' || chain === 'INPUT' ? 'source' : 'destination',
});

const conntrackTarget: Make = (_, text, target) => {
  const has = (name: string): boolean => target.options.some((routed) => routed.name === name);
  if (has('--notrack')) return { kind: 'annotate', name: 'notrack', text };
  const zone = has('--zone') || has('--zone-orig') || has('--zone-reply');
  return { kind: 'annotate', name: zone ? 'zone' : 'helper', text };
};

/** The ECN target rewrites TCP's ECE and CWR bits, not the TOS byte. */
const targets = new Map<string, Make>(
  Object.entries<Make>({
    ACCEPT: () => ({ kind: 'accept' }),
    DROP: () => ({ kind: 'drop' }),
    RETURN: () => ({ kind: 'return' }),
    REJECT: (_, text) => ({ kind: 'reject', text }),
    QUEUE: handover,
    NFQUEUE: handover,
    TPROXY: handover,
    SYNPROXY: handover,
    DNAT: nat('destination'),
    REDIRECT: nat('destination'),
    SNAT: nat('source'),
    MASQUERADE: nat('source'),
    NETMAP: netmap,
    MARK: lowerMarkTarget,
    HMARK: annotate('mark'),
    CLASSIFY: annotate('priority'),
    NOTRACK: annotate('notrack'),
    CT: conntrackTarget,
    TTL: mangle('ttl'),
    HL: mangle('ttl'),
    DSCP: mangle('tos'),
    TOS: mangle('tos'),
    ECN: mangle('other'),
    TCPMSS: mangle('length'),
    TCPOPTSTRIP: mangle('length'),
    CHECKSUM: mangle('other'),
    SNPT: mangle('other'),
    DNPT: mangle('other'),
  }),
);
const observers = 'LOG NFLOG ULOG TRACE TEE AUDIT IDLETIMER LED RATEEST SET CONNMARK CONNSECMARK SECMARK';
for (const name of observers.split(' ')) targets.set(name, observe);

/** null where the rule has no target: it only counts. */
export function lowerTarget(routed: RoutedRule, place: ChainOf): Statement | null {
  const { target } = routed;
  if (!target) return null;
  const options = target.options.map((option) => printOption(option.option));
  const text = [target.goto ? '-g' : '-j', target.name, ...options].filter((part) => part !== '').join(' ');
  if (place.isChain(target.name) && options.length === 0) {
    return { kind: target.goto ? 'goto' : 'jump', chain: target.name };
  }
  const make = target.goto || place.isChain(target.name) ? undefined : targets.get(target.name);
  return make?.(target.name, text, target, place.chain) ?? { kind: 'opaque', name: target.name, text };
}
