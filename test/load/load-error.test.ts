import test from 'ava';
import { LoadError, explainNative, tellingLinesOf } from '../../src/load/load-error.js';
import { pinsOf } from '../../src/load/bpffs.js';

test('a verifier log is cut to its last telling lines', (t) => {
  const log = [
    ...Array.from({ length: 20 }, (_, i) => `${i}: (b7) r0 = ${i}`),
    'R1 invalid mem access',
    'processed 7 insns (limit 1000000)',
  ].join('\n');
  const lines = tellingLinesOf(`${log}\n`);
  t.is(lines.length, 8);
  t.is(lines.at(-1), 'R1 invalid mem access');
});

test('what the addon throws is explained; anything else is left alone', (t) => {
  const error = Object.assign(new Error('create link: Operation not supported (EOPNOTSUPP)'), {
    errno: 95,
    code: 'EOPNOTSUPP',
    step: 'create link',
  });
  const explained = explainNative(error, 'cannot attach to br0');
  t.true(explained instanceof LoadError);
  t.like(explained, { errno: 95, step: 'create link' });
  t.regex((explained as LoadError).message, /^cannot attach to br0: create link.*\n {2}hint: .*--mode generic$/);
  const bug = new TypeError('x');
  t.is(explainNative(bug, 'y'), bug);
});

test('pins of device names with dots and percent signs', (t) => {
  t.is(pinsOf('/sys/fs/bpf', 'eth0'), '/sys/fs/bpf/offload/eth0');
  t.is(pinsOf('/sys/fs/bpf', 'eth0.100'), '/sys/fs/bpf/offload/eth0%2E100');
  t.is(pinsOf('/sys/fs/bpf', 'a%2E'), '/sys/fs/bpf/offload/a%252E');
});
