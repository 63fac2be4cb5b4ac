/** Every match and target that dumps of real machines contain is known: nothing of it is opaque. */
import test from 'ava';
import { matchOptions, targetOptions } from '../../src/model/iptables-options.js';
import { matchesOf, statementOf } from './reading.js';

/** With options as machines have them; a word alone is a match without options. */
const matches = {
  ip: [
    '-p tcp -m tcp',
    '-m state --state NEW',
    '-m conntrack --ctstate NEW',
    '-p udp -m udp',
    '-p icmp -m icmp --icmp-type 8',
    '-m addrtype --dst-type LOCAL',
    '-m limit --limit 1/s',
    '-p tcp -m multiport --dports 1',
    '-m recent --set',
    '-m comment --comment x',
    '-m mac --mac-source 00:00:00:00:00:01',
    '-m mark --mark 1',
    '-m hashlimit --hashlimit-upto 1/s --hashlimit-name x',
    '-p sctp -m sctp --dport 1',
    '-m owner --uid-owner 0',
    '-m iprange --src-range 10.0.0.1-10.0.0.2',
    '-m dscp --dscp 1',
    '-m set --match-set x src',
    '-m connlimit --connlimit-above 1',
    '-m physdev --physdev-in eth0',
    '-m policy --dir in --pol ipsec',
    '-m length --length 1',
    '-m string --algo bm --string x',
    '-m rpfilter --invert',
    '-m statistic --mode nth --every 2',
    '-p dccp -m dccp --sport 1',
    '-m connbytes --connbytes 1 --connbytes-dir both --connbytes-mode bytes',
    '-p tcp -m tcpmss --mss 1',
    '-m time --timestart 01:00',
    '-p esp -m esp --espspi 1',
    '-p ah -m ah --ahspi 1',
    '-p ipcomp -m ipcomp --ipcompspi 1',
    '-m pkttype --pkt-type host',
    '-m connmark --mark 1',
    '-m tos --tos 1',
    '-m helper --helper ftp',
    '-m socket --transparent',
    '-m ecn --ecn-ip-ect 1',
    '-m rateest --rateest x --rateest-lt --rateest-bps 1',
    '-m cgroup --cgroup 1',
    '-m connlabel --label 1',
    '-m cpu --cpu 0',
    '-m quota --quota 1',
    '-m bpf --bytecode 1',
    '-m cluster --cluster-total-nodes 2',
    '-m u32 --u32 0=0',
    '-m ttl --ttl-eq 1',
    '-m realm --realm 1',
    '-p tcp -m osf --genre Linux',
    '-m nfacct --nfacct-name x',
    '-m devgroup --src-group 1',
    '-m ipvs --ipvs',
    '-p udplite -m udplite --dport 1',
  ],
  ip6: [
    '-p ipv6-icmp -m icmp6 --icmpv6-type 1',
    '-p ipv6-icmp -m icmpv6 --icmpv6-type 1',
    '-m hl --hl-eq 1',
    '-m rt --rt-type 0',
    '-m frag --fragfirst',
    '-p mobility-header -m mh --mh-type 1',
    '-m srh --srh-tag 0',
    '-m ipv6header --header hop',
    '-m dst --dst-len 1',
    '-m hbh --hbh-len 1',
    '-m eui64',
  ],
} as const;

/** None: a match that is known must not be opaque. */
const exempt: readonly string[] = [];

for (const family of ['ip', 'ip6'] as const) {
  for (const spec of matches[family]) {
    test(`${family} ${spec}`, (t) => {
      const opaque = matchesOf(spec, family).filter(
        (match) => match.kind === 'unknown' && match.knowledge === 'opaque',
      );
      t.deepEqual(opaque, []);
    });
  }
}

test('every match whose options are known has a row', (t) => {
  const rows = [...matches.ip, ...matches.ip6].map((spec) => /-m (\S+)/.exec(spec)?.[1]);
  t.deepEqual(
    [...matchOptions.keys()].filter((name) => !rows.includes(name) && !exempt.includes(name)),
    [],
  );
});

test('every target whose options are known has a meaning', (t) => {
  for (const name of targetOptions.keys()) t.not(statementOf(`-j ${name}`, 'PREROUTING')?.kind, 'opaque', name);
  t.is(targetOptions.size, 41);
});
