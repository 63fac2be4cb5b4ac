/** Codes are stable; the value is what a reader of a report should understand by it. */
export const reasonCodes = {
  offloaded: 'XDP drops every packet of this rule on the covered devices',
  tracked:
    'XDP drops its packets except those of tracked connections and of protocols whose connections it cannot look up',
  fragments:
    'XDP drops its packets except those whose layer-4 header is not whole: fragments, cut headers, unusual IPv6 headers',
  dhcp: 'XDP drops its packets except replies to DHCP clients, which packet sockets read before netfilter would drop them',
  gro: 'the kernel may merge its segments before netfilter sees them, and XDP leaves those to it',
  'own-source': "XDP drops its packets; the rule stays because the host's own looped-back broadcasts could match it",
  policy: 'XDP drops what falls through to this policy; the policy itself always stays',
  'blocked-partly': 'rules above it accept, alter or observe some of its packets; XDP drops the others',
  allowed: 'XDP passes what --allow and --allow-port name, and netfilter decides it; it drops the rest of its packets',
  'set-timeout':
    'XDP drops packets of its elements, of those with a timeout until a few seconds before it runs out; the rule stays for the rest',
  marked:
    'XDP drops its packets that rules above have surely marked; the rule stays for marks that XDP cannot be sure of',
  'connection-state':
    'XDP drops those of its packets whose connection state shows: by TCP flags that begin no connection, or by what rules above leave; conntrack knows the others',
  routes:
    'XDP drops its packets where the routing tables leave no doubt about their source; netfilter decides the others (0.0.0.0, link-local)',
  'routes-closed':
    'it asks how the source is routed, which the kernel tells XDP only where the loopback device forwards',
  'routes-unclear':
    'it asks how the source is routed, and here the routing tables answer differently for different packets',
  'kept-in-place':
    'XDP drops all its packets, but the rule stays: for how the input is written, or for cut-off headers that it drops besides',
  ipsec: 'XDP drops its packets; the rule stays because decrypted IPsec packets do not pass XDP',
  blocked: 'rules above it may accept, alter or observe every packet it could drop',
  nat: 'translated packets of tracked connections may change course, and not every course drops them',
  unproven: 'XDP drops its packets, but there are too many steps to prove that it drops all of them',
  'other-course': 'forwarded and delivered packets cannot be told apart here, and the other course does not drop them',
  'unknown-match': 'one of its matches cannot be decided from the packet alone',
  opaque: 'part of the rule is not understood, so it is kept as it is',
  'stateful-match': 'evaluating it changes state that later packets depend on',
  'not-silent': 'it answers the sender, which XDP does not do',
  effect: 'it observes or alters packets, which must still happen',
  'tracked-only': 'it is about tracked connections, which XDP leaves to netfilter',
  'not-a-drop': 'it does not drop packets',
  'other-device': 'it is about devices that are not covered',
  'not-on-path': 'packets arriving on the covered devices never reach this chain before they are delivered or sent out',
  'never-matches': 'no packet can reach or match it',
  strict: 'with --strict, a drop after conntrack must not swallow packets of tracked connections',
  'table-limit': 'a table that it needs would exceed a limit of the data plane',
  'too-large': 'the prefilter would exceed its size limits',
} as const;

export type ReasonCode = keyof typeof reasonCodes;
