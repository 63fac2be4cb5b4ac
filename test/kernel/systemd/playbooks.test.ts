/** The playbooks on a system that has booted: what they install attaches again by itself, and is gone when it is rolled back. */
import test from 'ava';
import { localInventory } from '../inventory.js';
import { boot, checkout, networkService } from './boot.js';
import '../../command.js'; // builds what is stale

const rules = `flush ruleset
table inet filter {
  chain early { type filter hook prerouting priority raw; policy accept; ip saddr 198.18.0.0/24 drop; }
}
`;

const inventory = localInventory({ offload_root: checkout, offload_devices: ['eth0'] });

test('applied, stopped and started as at boot, and rolled back', async (t) => {
  const results = await boot({
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
    script: `
export HOME=/root ANSIBLE_CONFIG=${checkout}/playbooks/ansible.cfg ANSIBLE_NOCOLOR=1 ANSIBLE_PIPELINING=1
offload=${checkout}/bin/offload
play() { ansible-playbook -i /root/inventory.json ${checkout}/playbooks/$1.yml >played-$1 2>&1; echo $? >>played-$1; }
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
