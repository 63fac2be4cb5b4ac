/** Commands, variables and how a file is written: sections INPUT FILE FORMATS and the verbs of each object. */
import { each, type Construct } from './construct.js';
import { wholeFiles } from './whole-files.js';

const before = [
  'add table ip t',
  'add table ip doomed',
  'add chain ip t c { type filter hook input priority 0; }',
  'add chain ip t d',
  'add set ip t s { type ipv4_addr; flags timeout; }',
  'add map ip t m { type ipv4_addr : mark; }',
  'add map ip t v { type ipv4_addr : verdict; }',
  'add counter ip t n',
  'add quota ip t q { 10 mbytes; }',
  'add limit ip t l { rate 1/second; }',
  'add rule ip t c counter',
  'add element ip t s { 9.9.9.9 }',
  '%',
].join('\n');

export const commands: readonly Construct[] = [
  ...each(
    'commands',
    before,
    String.raw`
flush ruleset
flush ruleset ip
flush ruleset inet
list ruleset
list ruleset inet
list tables
list tables ip
list table t
list table ip t
list chains
list chains ip
list chain t c
list chain ip t c
list sets
list sets ip
list set ip t s
list maps
list map ip t m
list meters
list counters
list counters ip
list counters table ip t
list counter ip t n
list quotas
list quotas table ip t
list quota ip t q
list limits
list limit ip t l
list flowtables
list flowtables ip
list ct helpers table ip t
list hooks
list hooks ip
list hooks ip device eth0
list ct helper ip t x
list flow tables
list flow table ip t x
list meter ip t s
list sets table ip t
list limits table ip t
list secmarks table ip t
list synproxys table ip t
list synproxy ip t x
list flowtable ip t x
list synproxys
list secmarks
reset counters
reset counters ip
reset counters table ip t
reset counter ip t n
reset quotas
reset quotas table ip t
reset quota ip t q
delete table doomed
delete table ip doomed
flush table ip t
flush chain ip t c
flush chain t c
delete chain ip t d
delete chain t d
rename chain ip t d e
rename chain t d e
flush set ip t s
flush map ip t m
flush meter ip t s
flush flow table ip t s
delete chain ip t handle 2
delete rule ip t c handle 7
replace rule ip t c handle 7 drop
add rule ip t c handle 7 drop
add rule ip t c position 7 drop
insert rule ip t c position 7 drop
delete set ip t handle 4
delete table ip handle 1
delete counter ip t handle 8
delete flowtable ip t x
delete flowtable ip t handle 9
delete flowtable ip t x { hook ingress priority 0; devices = { eth0 }; }
delete ct helper ip t x
delete ct timeout ip t x
delete ct expectation ip t x
delete synproxy ip t x
delete secmark ip t x
create flowtable ip t x { hook ingress priority 0; }
export ruleset json
delete set ip t s
delete map ip t m
delete counter ip t n
delete quota ip t q
delete limit ip t l
add chain t e
add chain ip t e
create chain ip t e
add chain ip t e { }
add chain ip t e { comment "x"; }
add chain ip t e { type filter hook forward priority 0; policy drop; }
create chain ip t e { type filter hook forward priority filter - 1; }
add rule t c accept
add rule ip t c accept
add rule t d ip saddr 1.2.3.4 drop
add rule ip t d tcp dport 22 counter accept comment "x"
insert rule ip t c drop
insert rule t c tcp dport { 22, 80 } accept
add rule ip t c index 0 accept
insert rule ip t c index 0 accept
rule ip t c accept
t c accept
ip t c accept
ip t c ip saddr 1.2.3.4 drop
rule t c tcp dport 22 accept
add t c accept
add ip t c accept
add set ip t u { type ipv4_addr; }
add set t u { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 }; }
create set ip t u { typeof ip saddr; }
add map t u { type ipv4_addr : mark; }
create map ip t u { type ipv4_addr : verdict; }
add element t s { 1.2.3.4 }
add element ip t s { 1.2.3.4 timeout 1m, 5.6.7.8 comment "x" }
create element ip t s { 1.2.3.4 }
delete element ip t s { 9.9.9.9 }
get element ip t s { 9.9.9.9 }
add element ip t m { 1.2.3.4 : 0x10 }
add element ip t v { 1.2.3.4 : jump d, 1.2.3.5 : goto d, 1.2.3.6 : accept }
add counter t x
add counter ip t x { packets 1 bytes 2; }
add counter ip t x { comment "y"; }
add counter ip t x packets 1 bytes 2
create counter ip t x
add quota t x 10 mbytes
add quota ip t x over 10 mbytes
add quota ip t x { over 10 mbytes used 1 bytes; }
add limit t x rate 1/second
add limit ip t x rate over 10 mbytes/second burst 5 kbytes
add limit ip t x { rate 10/minute burst 3 packets; }
add ct helper ip t x { type "ftp" protocol tcp; l3proto ip; }
create ct helper t x { type "ftp" protocol tcp; }
add ct timeout ip t x { protocol tcp; policy = { established : 120 }; }
add ct expectation ip t x { protocol udp; dport 1; timeout 1m; size 2; l3proto ip; }
add synproxy ip t x { mss 1460; wscale 7; timestamp; }
add synproxy ip t x mss 1460 wscale 7 timestamp sack-perm
add secmark ip t x { "system_u:object_r:ssh_server_packet_t:s0"; }
add secmark ip t x "system_u:object_r:ssh_server_packet_t:s0"
add flowtable ip t x { hook ingress priority 0; devices = { eth0 }; }
create flowtable ip t x { hook ingress priority 0; devices = { eth0, eth1 }; }
chain ip t e { type filter hook output priority 0; }
chain t e
set ip t u { type ipv4_addr; }
map ip t u { type ipv4_addr : mark; }
counter ip t x { packets 1 bytes 2; }
counter ip t x
quota ip t x { 5 mbytes; }
limit ip t x { rate 1/second; }
flowtable ip t x { hook ingress priority 0; devices = { eth0 }; }
element ip t s { 1.2.3.4 }
table ip t { chain c { drop; }; }
table ip t { flags dormant; }
describe ip saddr
describe ipv4_addr
describe tcp flags
describe ct state
`,
  ),
  ...wholeFiles,
];

/** Files beside the texts: what they include. */
export const included: Readonly<Record<string, string>> = {
  'tables/one.nft': 'table ip one {\n}\n',
  'tables/two.nft': 'table ip two { chain c { accept; }; }\n',
  'tables/.hidden.nft': 'this is not read\n',
  'definitions.nft': 'define port = 22\ndefine host = 1.2.3.4\n',
  'set-lines.nft': 'define of_set = 9.9.9.9\ntype ipv4_addr\nflags interval\n',
  'table-items.nft': 'comment "of the table"\nchain other {\n\tdrop\n}\ndefine outer = 5.6.7.8\n',
  'chain-lines.nft':
    'type filter hook input priority 0; policy drop;\ndefine inner = $outer\nip saddr $outer tcp dport 22 drop\n',
  'nested.nft': 'define outer = 5.6.7.8\ninclude "chain-lines.nft"\n',
};
