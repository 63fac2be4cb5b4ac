/**
 * Names of ports as /etc/services of Debian 12 (netbase) has them. The host that loads the rules resolves names by its own file;
 * iptables-save prints numbers, so names occur in hand-written files only.
 */
const parse = (text: string): Map<string, number> =>
  new Map(
    text.split(' ').map((entry) => {
      const [name = '', number] = entry.split('=');
      return [name, Number(number)];
    }),
  );

const both = parse(
  'asp=27374 chargen=19 cmip-agent=164 cmip-man=163 codaauth2=370 codasrv=2432 codasrv-se=2433 ' +
    'datametrics=1645 daytime=13 discard=9 domain=53 domain-s=853 echo=7 gdomap=538 gnunet=2086 ' +
    'gnutella-rtr=6347 gnutella-svc=6346 https=443 isns=3205 kdc=750 kerberos=88 kerberos-iv=750 ' +
    'kerberos-master=751 kerberos-sec=88 kerberos4=750 kerberos5=88 kpasswd=464 krb5=88 ldap=389 ' +
    'ldaps=636 ldp=646 mon=2583 nfs=2049 null=9 nut=3493 old-radacct=1646 old-radius=1645 openvpn=1194 ' +
    'portmapper=111 radacct=1813 radius=1812 radius-acct=1813 rpc2portmap=369 rtcm-sc104=2101 rtsp=554 ' +
    'sa-msg-port=1646 sink=9 sip=5060 sip-tls=5061 snmp=161 snmp-trap=162 snmptrap=162 source=19 ' +
    'sunrpc=111 svrloc=427 syslog=514 tacacs=49 time=37 timserver=37 tinc=655 ttytst=19 venus=2430 ' +
    'venus-se=2431',
);
const tcp = parse(
  'acr-nema=104 afpovertcp=548 amanda=10080 amandaidx=10082 amidxtape=10083 amqp=5672 amqps=5671 ' +
    'auth=113 authentication=113 bacula-dir=9101 bacula-fd=9102 bacula-sd=9103 bbs=7000 bgp=179 bgpd=2605 ' +
    'binkp=24554 canna=5680 cfengine=5308 cisco-sccp=2000 clc-build-daemon=8990 cmd=514 csync2=30865 ' +
    'cvspserver=2401 daap=3689 db-lsp=17500 dcap=22125 dicom=104 dict=2628 dircproxy=57000 distcc=3632 ' +
    'epmap=135 epmd=4369 exec=512 f5-globalsite=2792 f5-iquery=4353 fax=4557 fido=60179 finger=79 ' +
    'font-service=7100 freeciv=5556 ftp=21 ftp-data=20 ftps=990 ftps-data=989 gds-db=3050 gds_db=3050 ' +
    'git=9418 gopher=70 gpsd=2947 gris=2135 groupwise=1677 gsidcap=22128 gsiftp=2811 gsigatekeeper=2119 ' +
    'hkp=11371 hprop=754 http=80 http-alt=8080 hylafax=4559 ident=113 imap=143 imap2=143 imaps=993 ' +
    'ingreslock=1524 ipp=631 iprop=2121 ircd=6667 ircs-u=6697 iscsi-target=3260 isisd=2608 iso-tsap=102 ' +
    'jabber-client=5222 jabber-server=5269 kamanda=10081 kerberos-adm=749 kermit=1649 klogin=543 ' +
    'krb-prop=754 krb5_prop=754 krb_prop=754 krcmd=544 kshell=544 loc-srv=135 login=513 lotusnote=1352 ' +
    'lotusnotes=1352 lrrd=4949 mail=25 mailq=174 microsoft-ds=445 moira-db=775 moira-update=777 ' +
    'moira_db=775 moira_update=777 ms-sql-s=1433 ms-wbt-server=3389 mtn=4691 munin=4949 mysql=3306 ' +
    'mysql-proxy=6446 nbd=10809 netbios-ssn=139 netstat=15 nicname=43 nntp=119 nntps=563 nqs=607 ' +
    'nrpe=5666 nsca=5667 ntske=4460 omniorb=8088 ospf6d=2606 ospfapi=2607 ospfd=2604 pawserv=345 ' +
    'pop-3=110 pop3=110 pop3s=995 poppassd=106 postgres=5432 postgresql=5432 printer=515 proofd=1093 ' +
    'puppet=8140 qmqp=628 qmtp=209 qotd=17 quote=17 radmin-port=4899 readnews=119 redis=6379 remctl=4373 ' +
    'ripd=2602 ripngd=2603 rmiregistry=1099 rmtcfg=1236 rootd=1094 rptp=5556 rsync=873 saft=487 sane=6566 ' +
    'sane-port=6566 saned=6566 sge-execd=6445 sge-qmaster=6444 sge_execd=6445 sge_qmaster=6444 ' +
    'sgi-cad=17004 shell=514 sieve=4190 silc=706 skkserv=1178 smtp=25 smtps=465 smux=199 snntp=563 ' +
    'snpp=444 socks=1080 spamd=783 spooler=515 ssh=22 ssmtp=465 submission=587 submissions=465 ' +
    'subversion=3690 supfiledbg=1127 supfilesrv=871 suucp=4031 svn=3690 syslog-tls=6514 sysrqd=4094 ' +
    'systat=11 tap=113 tcpmux=1 telnet=23 telnets=992 tfido=60177 tproxy=8081 tsap=102 untp=119 urd=465 ' +
    'users=11 uucp=540 uucpd=540 wais=210 webcache=8080 webmin=10000 whois=43 wnn6=22273 www=80 x11=6000 ' +
    'x11-0=6000 x11-1=6001 x11-2=6002 x11-3=6003 x11-4=6004 x11-5=6005 x11-6=6006 x11-7=6007 xfs=7100 ' +
    'xinetd=9098 xmms2=9667 xmpp-client=5222 xmpp-server=5269 xtel=1313 xtelw=1314 z3950=210 ' +
    'zabbix-agent=10050 zabbix-trapper=10051 zebra=2601 zebrasrv=2600 zope=9673 zope-ftp=8021 zserv=346',
);
const udp = parse(
  'Clearcase=371 afs3-bos=7007 afs3-callback=7001 afs3-fileserver=7000 afs3-kaserver=7004 ' +
    'afs3-prserver=7002 afs3-rmtsys=7009 afs3-update=7008 afs3-vlserver=7003 afs3-volser=7005 ' +
    'asf-rmcp=623 babel=6696 biff=512 bootpc=68 bootps=67 clearcase=371 comsat=512 dhcpv6-client=546 ' +
    'dhcpv6-server=547 fsp=21 fspd=21 iax=4569 icp=3130 icpv2=3130 ipsec-nat-t=4500 ipx=213 isakmp=500 ' +
    'kerberos_master=751 l2f=1701 l2tp=1701 mdns=5353 moira-ureg=779 moira_ureg=779 ms-sql-m=1434 ' +
    'netbios-dgm=138 netbios-ns=137 ntalk=518 ntp=123 passwd-server=752 passwd_server=752 predict=1210 ' +
    'ptp-event=319 ptp-general=320 route=520 routed=520 router=520 rplay=5555 sgi-cmsd=17001 ' +
    'sgi-crsd=17002 sgi-gcd=17003 talk=517 tftp=69 who=513 whod=513 xdmcp=177 zephyr-clt=2103 ' +
    'zephyr-hm=2104 zephyr-srv=2102',
);
const sctp = parse('amqp=5672');

/** IPPROTO_TCP 6, IPPROTO_UDP 17, IPPROTO_SCTP 132. */
const byProtocol = new Map([
  [6, tcp],
  [17, udp],
  [132, sctp],
]);

/** Port of a service written as a name or a number from 0 to 65535; null when it is neither. */
export function portNumber(text: string, protocol: number | null): number | null {
  if (/^(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(text)) {
    // strtoul with base 0: a leading zero is octal.
    const number = /^0[0-7]+$/.test(text) ? parseInt(text, 8) : Number(text);
    return number <= 65535 ? number : null;
  }
  if (protocol === null) return null;
  const own = byProtocol.get(protocol)?.get(text);
  return own ?? (protocol === 6 || protocol === 17 ? (both.get(text) ?? null) : null);
}
