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

export type Interpreted = 'addresses' | 'addressPorts' | 'ports' | 'list';

const interpreted = new Map<string, Interpreted>([
  ['hash:ip', 'addresses'],
  ['hash:net', 'addresses'],
  ['bitmap:ip', 'addresses'],
  ['hash:ip,port', 'addressPorts'],
  ['hash:net,port', 'addressPorts'],
  ['bitmap:port', 'ports'],
  ['list:set', 'list'],
]);

export const interpretation = (type: string): Interpreted | null => interpreted.get(type) ?? null;
