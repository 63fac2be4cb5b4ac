/** Captures without a link-layer header: what turns on it is not claimed, whatever header was made up for the packet. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { linkTypes } from '../../src/capture/ethernet-frame.js';
import type { LinkField } from '../../src/model/field.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import { boundaryFrames } from '../../src/oracle/boundary-frames.js';
import { frameAt } from '../../src/oracle/frame-batch.js';
import { createOracle } from '../../src/oracle/oracle.js';
import { parseAddress } from '../../src/oracle/parse-prefix.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import { createSimulation } from '../../src/simulate/simulation.js';
import { pcap } from '../capture/write-capture.js';
import { facts, frame, MAC, PEER } from '../oracle/rulesets.js';
import { offload } from '../samples/sample-runs.js';

const scratch = mkdtempSync(join(tmpdir(), 'offload-made-up-'));
test.after.always(() => rmSync(scratch, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(scratch, name);
  writeFileSync(path, content);
  return path;
}

const text = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:known - [0:0]
-A PREROUTING -s 198.51.100.0/24 -j DROP
-A PREROUTING -m mac --mac-source 02:00:00:00:00:02 -j DROP
-A PREROUTING -s 203.0.113.0/25 -m pkttype --pkt-type broadcast -j DROP
-A PREROUTING -s 203.0.113.128/25 -j known
-A known -m mac --mac-source 02:00:00:00:00:0a -j RETURN
-A known -p tcp -m tcp --dport 22 -m mac --mac-source 02:00:00:00:00:0b -j RETURN
-A known -j DROP
COMMIT
`;
const rules = file('rules.v4', text);
const host = file('host.json', JSON.stringify(facts));
const source = (address: string): Uint8Array =>
  frame({ saddr: parseAddress(4, address), sourceMac: 0x020000000007, protocol: 17 });
const traffic = ['198.51.100.9', '192.0.2.9', '203.0.113.9', '203.0.113.200'].map(source);

const behind = (head: readonly number[], bytes: Uint8Array): { readonly bytes: Uint8Array } => ({
  bytes: Buffer.concat([Uint8Array.from(head), bytes.subarray(14)]),
});
const cooked = (addressLength: number): number[] => [0, 0, 0, 1, 0, addressLength, 2, 0, 0, 0, 0, 7, 0, 0, 8, 0];

const captures: readonly (readonly [title: string, link: number, head: readonly number[], verdicts: string])[] = [
  ['raw IP', linkTypes.raw, [], 'drop depends depends depends'],
  ['null', linkTypes.null, [2, 0, 0, 0], 'drop depends depends depends'],
  // Cooked captures say how a frame was addressed, and by whom where the device has addresses of six bytes.
  ['cooked without an address', linkTypes.cooked, cooked(0), 'drop depends depends depends'],
  ['cooked', linkTypes.cooked, cooked(6), 'drop pass pass drop'],
];

for (const [title, link, head, verdicts] of captures) {
  test(`${title}: rules about the link-layer header`, (t) => {
    const packets = traffic.map((bytes) => behind(head, bytes));
    const capture = file(`${title}.pcap`, pcap(packets, { little: true, nanoseconds: false, link }));
    const { status, stdout, stderr } = offload(['replay', rules, capture, '--host', host, '--format', 'jsonl']);
    t.is(status, 0, stderr);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { verdict: string });
    t.is(lines.map(({ verdict }) => verdict).join(' '), verdicts);
    const report = offload(['replay', rules, capture, '--host', host]).stdout;
    t.regex(report, /0 differences/);
    t.is(/turns on a link-layer header that the capture lacks/.test(report), verdicts.includes('depends'), report);
  });
}

/** The frame with this sender, and addressed in each of these ways. */
function* made(bytes: Uint8Array, macs: readonly number[], destinations: readonly number[]): Generator<Uint8Array> {
  for (const mac of macs) {
    for (const destination of destinations) {
      const copy = Buffer.from(bytes);
      copy.writeUIntBE(destination, 0, 6);
      copy.writeUIntBE(mac, 6, 6);
      yield new Uint8Array(copy);
    }
  }
}

test('what is claimed without a header holds whatever the header is', (t) => {
  const { ruleset } = readRuleset([{ file: 'rules.v4', text, takenAt: 0 }]);
  const plan = planRuleset(ruleset, { devices: ['eth0'], facts, strict: false, conntrack: true });
  const oracle = createOracle(ruleset, facts, 'eth0');
  const simulation = createSimulation(plan.prefilter, { mac: MAC, position: 0 });
  const hidden: ReadonlySet<LinkField> = new Set(['smac', 'packetType'] as const);
  const claims = { drop: 0, pass: 0, lost: 0, depends: 0, early: 0, open: 0 };
  for (const batch of boundaryFrames(ruleset, facts, 'eth0', { trapRules: 5 })) {
    batch.origins.forEach((origin, i) => {
      const bytes = frameAt(batch, i);
      if (bytes.length < 14) return;
      // As ethernetFrame makes it.
      bytes.set(Buffer.from(MAC.toString(16).padStart(12, '0'), 'hex'), 0);
      const fate = oracle.hiding(hidden).fate(bytes);
      const answer = simulation.decide(bytes, hidden);
      claims[fate.kind]++;
      if (answer.verdict !== 'pass') claims.early++;
      else if (answer.reason === 'hidden') claims.open++;
      for (const one of made(bytes, [PEER, 0x02000000000a, 0x02000000000b, 7], [MAC, 0xffffffffffff, 0x01005e000001])) {
        const { kind } = oracle.fate(one);
        if (fate.kind === 'drop') t.true(kind === 'drop' || kind === 'lost', origin);
        if (fate.kind === 'pass') t.true(kind === 'pass' || kind === 'lost', origin);
        if (answer.verdict === 'drop') t.is(simulation.decide(one).verdict, 'drop', origin);
        // Otherwise it is another field that decides, and the header changes nothing.
        else if (answer.verdict === 'pass' && answer.reason !== 'hidden')
          t.is(simulation.decide(one).verdict, 'pass', origin);
      }
    });
  }
  t.true(claims.drop > 20 && claims.depends > 20 && claims.early > 20 && claims.open > 20, JSON.stringify(claims));
});
