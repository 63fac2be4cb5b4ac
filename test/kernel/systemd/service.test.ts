/** The units in a system that boots: attached before the network, planned anew with its addresses, detached when stopped. */
import test from 'ava';
import { boot, checkout, networkService } from './boot.js';
import '../../command.js'; // builds what is stale

const rules = `flush ruleset
table inet filter {
  set bad { type ipv4_addr; flags interval; elements = { 198.18.0.0/24, 203.0.113.7 } }
  chain early { type filter hook prerouting priority raw; policy accept; ip saddr @bad drop; }
  chain input { type filter hook input priority filter; policy drop
    iif lo accept
    ct state established,related accept
    tcp dport 22 accept
  }
}
`;

const network = networkService(
  'ip -j link show dev eth0 >/results/before-network; ip addr add 192.0.2.25/24 dev eth0; ip link set eth0 up',
);

test('at boot: first without addresses, then with them; stop, restart, remove', async (t) => {
  const results = await boot({
    files: {
      '/etc/nftables.conf': rules,
      '/etc/systemd/system/network.service': network,
    },
    before: `${checkout.replace(/^/, '$root')}/bin/offload --version >/dev/null
ip link add eth0 type veth peer name up0
ip link set up0 up
chroot $root ${checkout}/bin/offload install-service --dev eth0 >$root/results/installed 2>&1`,
    wants: ['nftables.service', 'offload.service', 'network.service', 'offload-online.service'],
    script: `
offload=${checkout}/bin/offload
systemctl show -p ActiveState,Result offload offload-online nftables >states
$offload status >status-online
ip -j link show dev eth0 >online
systemctl restart offload
systemctl start offload-online # by now it is starting: waits for it
systemctl show -p ActiveState offload offload-online >restarted
$offload status --format json >status-restarted
systemctl reload offload && $offload status >status-reloaded
systemctl stop offload
ip -j link show dev eth0 >stopped
systemctl start offload-online && ip -j link show dev eth0 >started
ls -ld /var/lib/offload >state
systemd-analyze verify /etc/systemd/system/offload*.service >verified 2>&1; echo $? >>verified
systemd-analyze security --no-pager --offline=true --threshold=40 /etc/systemd/system/offload*.service >exposure 2>&1; echo $? >>exposure
$offload install-service --remove >removed 2>&1
ip -j link show dev eth0 >after-remove
ls /etc/systemd/system >units
`,
  });
  const file = (name: string): string => results.get(name) ?? '';
  t.log(file('output'), file('exposure'), file('journal'));
  const hasXdp = (name: string): boolean => (JSON.parse(file(name)) as { xdp?: unknown }[])[0]?.xdp !== undefined;
  t.regex(file('installed'), /systemctl enable --now offload offload-online/);
  t.true(hasXdp('before-network'), 'attached before the first address');
  t.is(file('states').match(/ActiveState=active/g)?.length, 3, file('states'));
  t.regex(file('status-online'), /eth0/);
  t.true(hasXdp('online'));
  t.is(file('restarted').match(/ActiveState=active/g)?.length, 2, file('restarted'));
  t.false(hasXdp('stopped'), 'stopping detaches');
  t.true(hasXdp('started'), 'what needs it starts it');
  t.regex(file('state'), /^drwx------/);
  t.regex(file('journal'), /whatever addresses the host gets[^]*own addresses stay as they are: \d+ local routes/);
  t.is(file('verified'), '0\n');
  t.regex(file('exposure'), /\n0\n$/);
  t.regex(file('removed'), /offload\.service: removed/);
  t.false(hasXdp('after-remove'), 'removing detaches');
  t.notRegex(file('units'), /offload/);
});
