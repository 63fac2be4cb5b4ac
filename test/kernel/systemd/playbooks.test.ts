/** The playbooks on a system that has booted: what they install attaches again by itself, and is gone when it is rolled back. */
import test from 'ava';
import { localInventory } from '../inventory.js';
import { boot, type System, checkout, networkService } from './boot.js';
import '../../command.js'; // builds what is stale

const rules = `flush ruleset
table inet filter {
  set bad { type ipv4_addr; elements = { 203.0.113.7 } }
  chain early { type filter hook prerouting priority raw; policy accept; ip saddr { 198.18.0.0/24 } drop; ip saddr @bad drop; }
}
`;

/** What a system with an inventory holds that boots, and how the playbooks are played there. */
const playing = (inventory: string): Pick<System, 'files' | 'before' | 'wants'> & { readonly play: string } => ({
  files: {
    '/etc/nftables.conf': rules,
    '/root/inventory.json': inventory,
    '/etc/systemd/system/network.service': networkService(
      'ip addr add 192.0.2.25/24 dev eth0; ip link set lo up; ip link set eth0 up',
    ),
  },
  before: `ip link add eth0 type veth peer name up0
ip link set up0 up`,
  // Every boot empties /tmp before units have a place of their own there.
  wants: ['systemd-tmpfiles-setup.service', 'nftables.service', 'network.service'],
  play: `
export HOME=/root ANSIBLE_CONFIG=${checkout}/playbooks/ansible.cfg ANSIBLE_NOCOLOR=1 ANSIBLE_PIPELINING=1
offload=${checkout}/bin/offload
play() { ansible-playbook -i /root/inventory.json ${checkout}/playbooks/$1.yml >played-\${2:-$1} 2>&1; echo $? >>played-\${2:-$1}; }
`,
});

test('applied, stopped and started as at boot, and rolled back', async (t) => {
  const { play, ...system } = playing(localInventory({ offload_root: checkout, offload_devices: ['eth0'] }));
  const results = await boot({
    ...system,
    script: `${play}
play apply
systemctl is-enabled offload offload-online >enabled
systemctl is-active offload offload-online >active
$offload status >applied
systemctl stop offload
$offload status >stopped
systemctl start $(cd /etc/systemd/system && ls -d *.wants/offload*.service | sed s,.*/,,)
$offload status >started
play rollback
$offload status >rolled-back
ls /etc/systemd/system >units
`,
  });
  const file = (name: string): string => results.get(name) ?? '';
  t.log(file('output'));
  t.regex(file('played-apply'), /failed=0[^]*\n0\n$/);
  t.is(file('enabled'), 'enabled\nenabled\n', file('played-apply'));
  t.is(file('active'), 'active\nactive\n');
  t.regex(file('applied'), /^eth0: native XDP/);
  t.notRegex(file('applied'), /Not confirmed/);
  t.is(file('stopped'), 'Nothing is attached.\n');
  t.regex(file('started'), /^eth0: native XDP/);
  t.regex(file('played-rollback'), /failed=0[^]*\n0\n$/);
  t.is(file('rolled-back'), 'Nothing is attached.\n');
  t.notRegex(file('units'), /offload/);
});

test('with offload_watch: the host is followed, a second time nothing changes, and rolled back', async (t) => {
  const variables = { offload_root: checkout, offload_devices: ['eth0'], offload_watch: true };
  const { play, ...system } = playing(localInventory(variables));
  const results = await boot({
    ...system,
    script: `${play}
now() { $offload status --format json; }
until_true() { i=0; while ! eval "$1" && [ $i -lt 300 ]; do sleep 0.1; i=$((i + 1)); done; }
play apply
systemctl is-enabled offload offload-watch >enabled
systemctl is-active offload offload-watch >active
now >applied
nft add element inet filter bad '{ 203.0.113.8 }'
until_true 'now | grep -q "\\"elements\\": 1"'
now >followed
play apply again
now >applied-again
systemctl restart offload offload-watch
until_true 'now | grep -q "\\"isAlive\\": true"'
now >restarted
play rollback
$offload status >rolled-back
ls /etc/systemd/system >units
`,
  });
  const file = (name: string): string => results.get(name) ?? '';
  t.log(file('output'), file('journal'));
  const device = (name: string): Device | undefined => (JSON.parse(file(name)) as Status).devices[0];
  t.regex(file('played-apply'), /failed=0[^]*\n0\n$/);
  t.is(file('enabled'), 'enabled\nenabled\n', file('played-apply'));
  t.is(file('active'), 'active\nactive\n');
  t.true(device('applied')?.watch?.isAlive);
  t.is(device('followed')?.watch?.elements, 1);
  t.is(device('followed')?.programId, device('applied')?.programId, 'in place');
  t.regex(file('played-again'), /changed=0 .*failed=0[^]*\n0\n$/);
  t.is(device('applied-again')?.programId, device('applied')?.programId);
  t.is(device('applied-again')?.watch?.pid, device('applied')?.watch?.pid, 'the watcher was left alone');
  t.true(device('restarted')?.watch?.isAlive);
  t.not(device('restarted')?.watch?.pid, device('applied')?.watch?.pid);
  t.regex(file('played-rollback'), /failed=0[^]*\n0\n$/);
  t.is(file('rolled-back'), 'Nothing is attached.\n');
  t.notRegex(file('units'), /offload/);
});

type Device = Status['devices'][number];

interface Status {
  readonly devices: readonly {
    readonly programId: number;
    readonly watch: { readonly pid: number; readonly isAlive: boolean; readonly elements: number } | null;
  }[];
}
