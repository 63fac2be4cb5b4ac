/** Where units are given CAP_SYS_ADMIN, and that it is said why. */
import test from 'ava';
import { unitCapabilities } from '../../src/cli/unit-capabilities.js';

const cases = [
  ['conntrack is built in', { dev: ['eth0'] }, 'kernel', null],
  ['conntrack is a module', { dev: ['eth0'] }, 'module', /^# CAP_SYS_ADMIN: conntrack is a module/],
  ['conntrack is not there yet', { dev: ['eth0'] }, null, /or not there yet/],
  ['somebody calls ours', { dev: ['eth0'], chain: '/sys/fs/bpf/lb:1' }, 'kernel', /"chain" in the configuration file/],
  ['a watcher is called', { dev: ['eth0'], watch: { chain: '/sys/fs/bpf/lb:1' } }, 'kernel', /"chain" in the/],
] as const;

for (const [title, config, conntrack, why] of cases)
  test(title, (t) => {
    const lines = unitCapabilities(config, conntrack).split('\n');
    t.true(lines.slice(0, -1).every((line) => line.startsWith('# ')));
    const set = lines.at(-1)?.replace('CapabilityBoundingSet=', '').split(' ');
    const few = ['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_PERFMON', 'CAP_NET_RAW'];
    t.deepEqual(set, why === null ? few : [...few, 'CAP_SYS_ADMIN']);
    if (why !== null) t.regex(lines[0]!, why);
  });
