/** Names of IP protocols as /etc/protocols of Debian 12 (netbase) and iptables' own list have them. */
const table = new Map(
  (
    'all=0 hopopt=0 icmp=1 igmp=2 ggp=3 ip-encap=4 ipencap=4 st=5 tcp=6 egp=8 igp=9 pup=12 udp=17 hmp=20 ' +
    'xns-idp=22 rdp=27 iso-tp4=29 dccp=33 xtp=36 ddp=37 idpr-cmtp=38 ipv6=41 ipv6-route=43 ipv6-frag=44 ' +
    'idrp=45 rsvp=46 gre=47 esp=50 ipsec-esp=50 ah=51 ipsec-ah=51 skip=57 icmpv6=58 ipv6-icmp=58 ' +
    'ipv6-nonxt=59 ipv6-opts=60 cphb=73 rspf=73 vmtp=81 eigrp=88 ospf=89 ospfigp=89 ax.25=93 ipip=94 ' +
    'etherip=97 encap=98 pim=103 ipcomp=108 vrrp=112 l2tp=115 isis=124 sctp=132 fc=133 ipv6-mh=135 mh=135 ' +
    'mobility-header=135 udplite=136 mpls-in-ip=137 manet=138 hip=139 shim6=140 wesp=141 rohc=142 ' +
    'ethernet=143'
  )
    .split(' ')
    .map((entry) => {
      const [name = '', number] = entry.split('=');
      return [name, Number(number)];
    }),
);

/** Number of a protocol written as a name (any case) or a number from 0 to 255; 0 is "all"; null when it is neither. */
export function protocolNumber(text: string): number | null {
  if (/^(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(text)) {
    // strtoul with base 0: a leading zero is octal.
    const number = /^0[0-7]+$/.test(text) ? parseInt(text, 8) : Number(text);
    return number <= 255 ? number : null;
  }
  return table.get(text.toLowerCase()) ?? null;
}
