/** `offload-watch.service` in a system that boots: takes over from offload.service, follows, is started again when killed, reloads, stops. */
import { existsSync } from 'node:fs';
import test from 'ava';
import { boot, checkout, networkService } from './boot.js';
import '../../command.js'; // builds what is stale

const rules = `flush ruleset
table inet filter {
  set bad { type ipv4_addr; elements = { 203.0.113.7 } }
  chain early { type filter hook prerouting priority raw; policy accept; ip saddr @bad drop; }
}
`;

const network = networkService(
  'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; ip addr add 192.0.2.25/24 dev eth0; ip link set eth0 up',
);

interface Status {
  readonly devices: readonly {
    readonly programId: number;
    readonly watch: { readonly pid: number; readonly isAlive: boolean; readonly elements: number } | null;
  }[];
}

test('the watcher as a service', async (t) => {
  const results = await boot({
    files: { '/etc/nftables.conf': rules, '/etc/systemd/system/network.service': network },
    before: `${checkout.replace(/^/, '$root')}/bin/offload --version >/dev/null
ip link add eth0 type veth peer name up0
ip link set up0 up
chroot $root ${checkout}/bin/offload install-service --dev eth0 >/dev/null 2>&1
chroot $root ${checkout}/bin/offload install-service --watch >$root/results/installed 2>&1`,
    wants: ['nftables.service', 'offload.service', 'network.service', 'offload-watch.service'],
    script: `
offload=${checkout}/bin/offload
now() { $offload status --format json; }
program() { now | grep -o '"programId": [0-9][0-9]*'; }
# Half a minute is more than anything here takes.
until_true() { i=0; while ! eval "$1" && [ $i -lt 300 ]; do sleep 0.1; i=$((i + 1)); done; }
systemctl show -p ActiveState,Result offload offload-watch >states
systemctl show -p StatusText --value offload-watch >status-text
now >first
grep CapEff /proc/$(systemctl show -p MainPID --value offload-watch)/status >capabilities
nft add element inet filter bad '{ 203.0.113.8 }'
until_true 'now | grep -q "\\"elements\\": 1"'
now >followed
kill -9 $(systemctl show -p MainPID --value offload-watch)
until_true 'now | grep -q "\\"isAlive\\": false" || ! systemctl is-active -q offload-watch'
until_true 'systemctl is-active -q offload-watch && now | grep -q "\\"isAlive\\": true"'
now >restarted
was=$(program)
systemctl reload offload-watch
until_true 'is=$(program); [ -n "$is" ] && [ "$is" != "$was" ]'
now >reloaded
was=$(program)
systemctl reload offload
until_true 'is=$(program); [ -n "$is" ] && [ "$is" != "$was" ]'
now >reloaded-through
systemctl stop offload-watch
now >stopped
systemctl start offload-watch && systemctl show -p ActiveState offload-watch >started
systemctl stop offload
systemctl show -p ActiveState offload-watch >with-the-other
until_true '! ip link show dev eth0 | grep -q xdp'
ip -j link show dev eth0 >detached
systemd-analyze verify /etc/systemd/system/offload*.service >verified 2>&1; echo $? >>verified
systemd-analyze security --no-pager --offline=true --threshold=40 /etc/systemd/system/offload-watch.service >exposure 2>&1; echo $? >>exposure
ls /etc/systemd/system >units
$offload install-service --remove >removed 2>&1
`,
  });
  const file = (name: string): string => results.get(name) ?? '';
  t.log(file('output'), file('exposure'), file('journal'));
  const device = (name: string): Status['devices'][number] | undefined => (JSON.parse(file(name)) as Status).devices[0];
  t.regex(file('installed'), /systemctl enable --now offload offload-watch/);
  t.regex(file('installed'), /offload-online\.service: removed/);
  t.notRegex(file('units'), /offload-online/);
  t.is(file('states').match(/ActiveState=active/g)?.length, 2, file('states'));
  t.regex(file('status-text'), /^(dropping|passing everything: .*); 1 plan/);
  t.true(device('first')?.watch?.isAlive);
  // CAP_NET_ADMIN, CAP_NET_RAW, CAP_PERFMON and CAP_BPF: conntrack is built into this kernel, or CAP_SYS_ADMIN would be among them.
  const held = BigInt(`0x${file('capabilities').trim().split(/\s+/)[1] ?? '0'}`);
  const bits = [12, 13, 38, 39, ...(existsSync('/sys/kernel/btf/nf_conntrack') ? [21] : [])];
  t.is(
    held,
    bits.reduce((set, bit) => set | (1n << BigInt(bit)), 0n),
  );
  t.notRegex(file('journal'), /EPERM|not permitted/i);
  t.is(device('followed')?.watch?.elements, 1);
  t.is(device('followed')?.programId, device('first')?.programId, 'in place');
  t.true(device('restarted')?.watch?.isAlive);
  t.not(device('restarted')?.watch?.pid, device('first')?.watch?.pid);
  t.not(device('reloaded')?.programId, device('restarted')?.programId);
  t.not(device('reloaded-through')?.programId, device('reloaded')?.programId, 'reloading the first one reloads it');
  t.is(device('reloaded-through')?.watch?.pid, device('restarted')?.watch?.pid);
  t.false(device('stopped')?.watch?.isAlive, 'the filter stays');
  t.regex(file('journal'), /stopped: the filter stays on eth0/);
  t.regex(file('started'), /=active/);
  t.regex(file('with-the-other'), /=inactive/);
  t.notRegex(file('detached'), /xdp/, file('journal'));
  t.is(file('verified'), '0\n');
  t.regex(file('exposure'), /\n0\n$/);
  t.regex(file('removed'), /offload-watch\.service: removed/);
});
