/** Types of ipset: what the kernel calls them now, and which of them the model interprets. */

/** Names that ipset 4 and earlier gave, as ipset 7 still takes them. */
const oldNames = new Map(
  Object.entries({
    iphash: 'hash:ip',
    iptree: 'hash:ip',
    iptreemap: 'hash:ip',
    ipmap: 'bitmap:ip',
    nethash: 'hash:net',
    portmap: 'bitmap:port',
    macipmap: 'bitmap:ip,mac',
    ipporthash: 'hash:ip,port',
    ipportiphash: 'hash:ip,port,ip',
    ipportnethash: 'hash:ip,port,net',
    netporthash: 'hash:net,port',
    netportnethash: 'hash:net,port,net',
    netifacehash: 'hash:net,iface',
    netnethash: 'hash:net,net',
    machash: 'hash:mac',
    ipmarkhash: 'hash:ip,mark',
    setlist: 'list:set',
  }),
);

export const typeName = (written: string): string => oldNames.get(written) ?? written;

/** What stands between the commas of an element. */
export type PartType = 'ip' | 'net' | 'port' | 'mac' | 'iface';

export type Interpreted =
  { readonly kind: 'addresses' | 'ports' | 'list' } | { readonly kind: 'tuples'; readonly parts: readonly PartType[] };

const tuples = (...parts: readonly PartType[]): Interpreted => ({ kind: 'tuples', parts });

const interpreted = new Map<string, Interpreted>([
  ['hash:ip', { kind: 'addresses' }],
  ['hash:net', { kind: 'addresses' }],
  ['bitmap:ip', { kind: 'addresses' }],
  ['hash:ip,port', tuples('ip', 'port')],
  ['hash:net,port', tuples('net', 'port')],
  ['hash:ip,port,ip', tuples('ip', 'port', 'ip')],
  ['hash:ip,port,net', tuples('ip', 'port', 'net')],
  ['hash:net,port,net', tuples('net', 'port', 'net')],
  ['hash:net,net', tuples('net', 'net')],
  ['hash:net,iface', tuples('net', 'iface')],
  ['hash:ip,mac', tuples('ip', 'mac')],
  ['bitmap:ip,mac', tuples('ip', 'mac')],
  ['hash:mac', tuples('mac')],
  ['bitmap:port', { kind: 'ports' }],
  ['list:set', { kind: 'list' }],
]);

export const interpretation = (type: string): Interpreted | null => interpreted.get(type) ?? null;
