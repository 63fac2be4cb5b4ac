/** Samples as lines, whatever stands in them. */
import { Ajv } from 'ajv';
import test from 'ava';
import pc from 'picocolors';
import { tailJson, tailText } from '../../src/report/tail-lines.js';
import schema from '../../src/report/tail.schema.json' with { type: 'json' };
import type { TappedSample } from '../../src/sample/tap.js';
import { parseAddress } from '../../src/oracle/parse-prefix.js';
import type { RuleId } from '../../src/model/ruleset.js';
import { frame } from '../oracle/rulesets.js';

const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);
const evil = '\u001b[2J\u202e\n"';

const sample = (parts: Partial<TappedSample>): TappedSample => ({
  time: 1_767_323_045_000_123_456n,
  ifindex: 2,
  counter: 7,
  place: 7,
  length: 60,
  frame: new Uint8Array(60),
  weight: 1,
  device: 'eth0',
  rule: { rule: 'ip raw PREROUTING 1' as RuleId, text: '-s 198.18.0.7/32 -j DROP', element: null },
  ...parts,
});

test('JSON is what its schema says', (t) => {
  const samples = [
    sample({}),
    sample({ rule: null, weight: 4294967295.5, counter: 0 }),
    sample({ rule: { rule: evil as RuleId, text: '', element: { set: evil, index: 0 } }, device: evil }),
    // Longer than what is kept, shorter than a header, and empty.
    sample({ length: 65_000, frame: new Uint8Array(152).fill(0xff) }),
    sample({ length: 3, frame: new Uint8Array(3) }),
    sample({ length: 0, frame: new Uint8Array(0), weight: 0.3 }),
  ];
  for (const each of samples) {
    const line = tailJson(each);
    t.true(line.endsWith('}\n') && !line.slice(0, -1).includes('\n'));
    t.true(validate(JSON.parse(line)), `${JSON.stringify(validate.errors)}\n${line}`);
    t.notRegex(tailText(each, { columns: 80, colors: pc.createColors(false), all: false }), /[\u001b\u202e]|\n./);
  }
  const first = JSON.parse(tailJson(samples[0]!)) as Record<string, unknown>;
  t.is(first['time'], '2026-01-02T03:04:05.000123Z');
  t.false(validate({ ...first, oneIn: 0 }));
  t.false(validate({ ...first, more: 1 }));
});

test('a packet of a VLAN is told with its tag, whichever it is', (t) => {
  const whole = frame({ saddr: parseAddress(4, '203.0.113.7'), protocol: 17, dport: 53 });
  const tagged = (...tags: number[]): string => {
    const bytes = Uint8Array.from([...whole.subarray(0, 12), ...tags, ...whole.subarray(12)]);
    const line = JSON.parse(tailJson(sample({ frame: bytes, length: bytes.length }))) as { packet: string };
    return line.packet;
  };
  const text = /^IPv4 203\.0\.113\.7 → 192\.0\.2\.1 udp .*/;
  t.regex(tagged(), text);
  t.notRegex(tagged(), /VLAN/);
  t.regex(tagged(0x81, 0, 0xe0, 10), /^IPv4 203\.0\.113\.7 .*, VLAN 10\)$/);
  t.regex(tagged(0x81, 0, 0, 0, 0x88, 0xa8, 0x0f, 0xfe), /^IPv4 203\.0\.113\.7 .*, VLAN 4094\)$/);
  t.regex(tagged(0x81, 0, 0, 10, 0x81, 0, 0, 0), /^IPv4 203\.0\.113\.7 .*, VLAN 10, VLAN 0\)$/);
});
