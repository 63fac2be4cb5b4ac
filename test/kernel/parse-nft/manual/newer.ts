/** What nft of this machine does not know yet, from the manuals of later versions: must be read all the same. */
import { each, inChain, inTable, type Construct } from './construct.js';

export const newer: readonly Construct[] = [
  ...each(
    'newer statements',
    inChain('inet', 'input'),
    String.raw`
last
last used never
last used 1h
frag id set 5
queue flags bypass
fib saddr check missing
fib daddr check exists
tcp option maxseg kind 2
icmpv6 taddr fe80::1
icmpv6 daddr fe80::1
dccp option 1 exists
dccp option 1 type 1
gre version 0
gre protocol ip
gre ip saddr 1.2.3.4
gretap ip saddr 1.2.3.4
vxlan vni 10
vxlan flags 8
vxlan ip saddr 1.2.3.4
vxlan tcp dport 22
geneve vni 10
geneve type ip
geneve ether saddr 00:11:22:33:44:55
tunnel id 5
tunnel path 1
meta broute set 1
delete @s { ip saddr }
xt match "recent"
xt target LOG
`,
  ),
  ...each(
    'newer declarations',
    inTable(),
    String.raw`
set s { type ipv4_addr; flags dynamic; last; }
set s { type ipv4_addr; timeout 1w2d; }
set s { typeof ip saddr & 255.255.255.0; }
set s { type ipv4_addr; flags timeout; elements = { 1.2.3.4 timeout never, 1.2.3.5 timeout 0 }; }
set s { type ipv4_addr; elements = { }; }
map m { typeof ip saddr : counter; }
map m { typeof ip saddr : quota; }
ct timeout x { protocol tcp; policy = { established: 2m, close: 4s }; }
tunnel x { id 10; }
flags owner;
flags owner, persist;
`,
  ),
  ...each(
    'newer commands',
    '%',
    String.raw`
destroy table ip t
destroy chain ip t c
destroy set ip t s
destroy element ip t s { 1.2.3.4 }
reset rules
reset rules table ip t
reset rule ip t c handle 5
reset set ip t s
reset map ip t m
reset element ip t s { 1.2.3.4 }
list rules
list ct timeouts table ip t
list ct expectations table ip t
list hooks netdev device eth0
delete synproxy ip t handle 4
add flowtable inet t f { hook ingress priority 0; devices = { eth* }; }
`,
  ),
];
