/** The command on samples: goldens, the published schema, and what it refuses. UPDATE_GOLDEN=1 rewrites; review the diff. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import test from 'ava';
import schema from '../../src/explain/explain.schema.json' with { type: 'json' };
import { inputsOf, offload, root } from '../samples/sample-runs.js';

const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);

const runs: readonly (readonly [sample: string, kind: 'rule' | 'packet', args: readonly string[]])[] = [
  ['web-server', 'packet', ['--packet', 'in eth0 tcp 203.0.113.7:4444 > 192.0.2.1:22 syn']],
  ['web-server', 'rule', ['--rule', 'ip filter input policy']],
  ['nft-server', 'packet', ['--packet', 'in eth0 udp 203.0.113.7:1900 > 192.0.2.1:4444']],
  ['nft-server', 'rule', ['--rule', 'inet filter early 3']],
];

const withoutTimes = (text: string): string =>
  text.replaceAll(/as\s+of\s+\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, 'as of <time of the file>');

for (const [sample, kind, args] of runs) {
  test(`${sample}: ${kind}`, (t) => {
    const folder = join(root, 'samples', sample);
    const given = ['explain', ...inputsOf(sample), ...args];
    const { status, stdout, stderr } = offload(given, folder);
    t.is(status, 0, stderr);
    const file = join(folder, `explain-${kind}.txt`);
    const text = withoutTimes(stdout);
    if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(file, text);
    t.true(existsSync(file), `${file} is missing: UPDATE_GOLDEN=1 writes it`);
    t.is(text, readFileSync(file, 'utf8'));
    const json = offload([...given, '--format', 'json'], folder);
    const explained: unknown = JSON.parse(json.stdout);
    t.true(validate(explained), JSON.stringify(validate.errors));
    t.is((explained as { kind: string }).kind, kind);
  });
}

const refused: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [[], /explain wants --rule ID or --packet SPEC/],
  [['--rule', 'x', '--packet', 'y'], /explain wants --rule ID or --packet SPEC/],
  [['--rule', 'ip filter inputt 3'], /there is no such rule\. The nearest are:\n {2}ip filter INPUT 3\n/],
  [['--packet', 'tcp 1.2.3.4:1 5.6.7.8:2'], /--packet, column 15: unexpected .*expected ">"\n.*\n {16}\^\n/],
  [['--packet', 'in eth1 udp 1.2.3.4:1 > 5.6.7.8:2', '--dev', 'eth0'], /--dev says eth0, the packet says eth1/],
];

for (const [args, message] of refused) {
  test(`refused: ${args.join(' ')}`, (t) => {
    const { status, stdout, stderr } = offload(['explain', 'rules.v4', ...args], join(root, 'samples', 'web-server'));
    t.is(status, 1, stderr);
    t.is(stdout, '');
    t.regex(stderr, message);
  });
}
