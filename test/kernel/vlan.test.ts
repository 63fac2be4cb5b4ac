/**
 * A VLAN device that is covered through the one it stands on: which frames the loaded program takes for its own, by test runs. What the kernel
 * does with them is tested on a kernel that has VLANs (test/debian-kernel).
 */
import test from 'ava';
import { passReasons } from '../../src/compile/abi.js';
import { compilePrefilter } from '../../src/compile/compile.js';
import { planWithinLimits } from '../../src/compile/fit.js';
import type { VlanTag } from '../../src/model/host.js';
import type { RuleId } from '../../src/model/ruleset.js';
import { buildFrame } from '../../src/oracle/build-frame.js';
import { decodeFrame } from '../../src/oracle/decode-frame.js';
import { frameAt } from '../../src/oracle/frame-batch.js';
import { sourceOf } from '../../src/oracle/frame-source.js';
import type { StepProgram } from '../../src/plan/program.js';
import { parseFrame } from '../../src/simulate/parse-frame.js';
import { createSimulation } from '../../src/simulate/simulation.js';
import { FidelityCheck } from '../../src/verify/fidelity.js';
import { verifyProgram, XDP_DROP, type Decision } from '../../src/verify/verify.js';
import { conntrackObjectFile, loadImage, objectFile, type Loaded } from '../compile/loaded.js';
import { drop, dport, facts, from, input, log, MAC, proto } from '../oracle/rulesets.js';

const rules = input([
  [from('203.0.113.0/24'), drop],
  [proto(17), dport(53, 53, 8), log],
  [from('198.51.100.0/24'), drop],
  [proto(17), dport(1900, 1900, 8), drop],
]);

const made = planWithinLimits(rules, { devices: ['eth0'], facts, strict: false, conntrack: true }, {});
/** As if the first rule were to leave netfilter: what the program passes of it leaks. */
const decisions = new Map<RuleId, Decision>([['ip filter INPUT 1' as RuleId, 'full']]);

const load = (vlan: VlanTag | null): Promise<Loaded> =>
  loadImage(
    made.image,
    { mac: MAC, position: 0, ...(vlan && { vlan: { ...vlan, ifindex: 99 } }) },
    made.image.asksConntrack ? conntrackObjectFile : objectFile,
  );

const aboutPacketType = (value: number): StepProgram => ({
  family: 4,
  atoms: [{ kind: 'values', field: 'packetType', ranges: [[value, value]], counters: null }],
  steps: [{ when: [{ atom: 0, negate: false }], outcome: { kind: 'drop', counter: 0, counted: null } }],
});

type Tag = readonly [type: number, control: number];

/** A datagram that rule 1 drops, behind these tags. */
function frameBehind(tags: readonly Tag[], type = 0x0800, destinationMac = MAC): Uint8Array {
  const { base } = sourceOf(rules, facts, 'eth0', 4, 1);
  const plain = buildFrame({ ...base, saddr: Uint32Array.of(0xcb007105), protocol: 17, destinationMac });
  const words = [...tags.flat(), type].flatMap((word) => [word >> 8, word & 255]);
  return Uint8Array.from([...plain.subarray(0, 12), ...words, ...plain.subarray(14)]);
}

const q = 0x8100;
const ad = 0x88a8;
const many = (count: number, of: Tag): Tag[] => new Array<Tag>(count).fill(of);

/** Of VLAN `id` by tags of `own` type; `other` is the other type. */
const shapes = ({ type: own, id }: VlanTag, other: number): readonly (readonly [string, Uint8Array, string])[] => [
  ['its tag', frameBehind([[own, id]]), 'drop'],
  ['with priority', frameBehind([[own, 0xe000 | id]]), 'drop'],
  ['with drop eligibility', frameBehind([[own, 0x1000 | id]]), 'drop'],
  ['behind a priority tag', frameBehind([[q, 0x6000], [own, id]]), 'drop'],
  ['behind a service priority tag', frameBehind([[ad, 0], [own, id]]), 'drop'],
  ['before a priority tag', frameBehind([[own, id], [q, 0xe000]]), 'drop'],
  ['among 300 priority tags', frameBehind([...many(150, [q, 0]), [own, id], ...many(150, [ad, 0])]), 'drop'],
  ['behind 2,000 priority tags', frameBehind([...many(2000, [q, 0]), [own, id]]), 'drop'],
  ['to all stations', frameBehind([[own, id]], 0x0800, 0xffffffffffff), 'drop'],
  ['to another station', frameBehind([[own, id]], 0x0800, 0x02ffffffff01), 'otherHost'],
  ['ARP in the VLAN', frameBehind([[own, id]], 0x0806), 'notIp'],
  ['no tag', frameBehind([]), 'vlan'],
  ['no tag, to another station', frameBehind([], 0x0800, 0x02ffffffff01), 'vlan'],
  ['a priority tag only', frameBehind([[own, 0]]), 'vlan'],
  ['two priority tags', frameBehind([[q, 0], [ad, 0]]), 'vlan'],
  ['the other type', frameBehind([[other, id]]), 'vlan'],
  ['an old type', frameBehind([[0x9100, id]]), 'vlan'],
  ['another VLAN', frameBehind([[own, id ^ 1]]), 'vlan'],
  ['another VLAN, highest bit', frameBehind([[own, id ^ 0x800]]), 'vlan'],
  ['VLAN 4095', frameBehind([[own, 0xffff]]), 'vlan'],
  ['its tag twice', frameBehind([[own, id], [own, id]]), 'vlan'],
  ['another VLAN within', frameBehind([[own, id], [own, id ^ 1]]), 'vlan'],
  ['another VLAN within, behind a priority tag', frameBehind([[own, id], [q, 0], [q, id ^ 1]]), 'vlan'],
  ['within another VLAN', frameBehind([[own, id ^ 1], [own, id]]), 'vlan'],
  ['within its other type', frameBehind([[other, id], [own, id]]), 'vlan'],
  ['nothing behind the tag', frameBehind([[own, id]]).subarray(0, 18), 'malformed'],
  ['cut within the tag', frameBehind([[own, id]]).subarray(0, 16), 'malformed'],
  ['cut behind a priority tag', frameBehind([[q, 0], [own, id]]).subarray(0, 20), 'malformed'],
]; // prettier-ignore

for (const [vlan, other] of [
  [{ type: q, id: 10 }, ad],
  [{ type: ad, id: 4094 }, q],
] as const) {
  const name = `VLAN ${vlan.id} of ${vlan.type.toString(16)}`;

  test(`${name}: its frames are decided, all others pass`, async (t) => {
    const loaded = await load(vlan);
    t.teardown(loaded.close);
    const simulation = createSimulation(made.plan.prefilter, { mac: MAC, position: 0, vlan });
    for (const [shape, frame, expected] of shapes(vlan, other)) {
      const before = loaded.stats();
      const [verdict] = await loaded.run([frame]);
      const reason = passReasons.find((_, i) => loaded.stats()[i] !== before[i]) ?? 'drop';
      t.is(reason, expected, shape);
      t.is(verdict === XDP_DROP, expected === 'drop', shape);
      // The two witnesses say the same, each on its own.
      const decision = simulation.decide(frame);
      t.is(decision.verdict === 'pass' ? decision.reason : 'drop', expected, shape);
      t.is(decodeFrame(frame, MAC, new Set(), vlan).kind, expected === 'drop' ? 'packet' : 'lost', shape);
    }
  });

  test(`${name}: one tag of two or more behind its own is still there at ingress`, async (t) => {
    const behind = (tags: readonly Tag[]): readonly unknown[] => {
      const frame = frameBehind(tags);
      const fields = parseFrame(frame, MAC, new Set(), vlan);
      const reception = decodeFrame(frame, MAC, new Set(), vlan);
      return [
        typeof fields === 'string' ? fields : fields.small.packetType,
        reception.kind === 'packet' ? reception.packet.tags : reception.why,
      ];
    };
    const own: Tag = [vlan.type, vlan.id];
    t.deepEqual(behind([[q, 0], [q, 0], own]), [0, 0]); // prettier-ignore
    t.deepEqual(behind([[q, 0], own, [ad, 0]]), [0, 1]); // prettier-ignore
    t.deepEqual(behind([own, [q, 0], [ad, 0]]), [4, 2]); // prettier-ignore
    // The program, by a rule about just that.
    const [single, nested] = await Promise.all(
      [0, 4].map(async (packetType) => {
        const loaded = await loadImage(
          compilePrefilter({ ip: aboutPacketType(packetType), ip6: { family: 6, atoms: [], steps: [] }, counters: 1 }),
          { mac: MAC, position: 0, vlan: { ...vlan, ifindex: 99 } },
        );
        t.teardown(loaded.close);
        const shapes = [[own], [[q, 0], [q, 0], own], [own, [q, 0]], [own, [q, 0], [ad, 0]]] as Tag[][]; // prettier-ignore
        return [...(await loaded.run(shapes.map((tags) => frameBehind(tags))))];
      }),
    );
    t.deepEqual([single, nested], [[1, 1, 1, 2], [2, 2, 2, 1]]); // prettier-ignore
  });

  test(`${name}: the program is verified by frames with the tag, and one for another VLAN is found out`, async (t) => {
    const verify = async (program: VlanTag | null) => {
      const loaded = await load(program);
      t.teardown(loaded.close);
      const fidelity = new FidelityCheck(made.plan.prefilter, { mac: MAC, position: 0, vlan });
      const verification = await verifyProgram({
        ruleset: rules,
        facts,
        device: 'eth0',
        vlan,
        decisions,
        conntrack: made.image.asksConntrack,
        now: Date.now,
        run: (batch) => fidelity.run(batch, (each) => loaded.run(each.origins.map((_, i) => frameAt(each, i)))),
      });
      return { ...verification, unfaithful: fidelity.unfaithful };
    };
    const right = await verify(vlan);
    t.deepEqual(right.differences, []);
    t.is(right.unfaithful, 0);
    t.true(right.outcomes.drop.dropped > 100 && right.outcomes.pass.passed > 100, JSON.stringify(right.outcomes));
    t.true(right.outcomes.lost.passed > 100);
    const wrong = await verify({ ...vlan, id: vlan.id ^ 1 });
    t.true(wrong.unsound > 0 && wrong.leaks > 0 && wrong.unfaithful > 0);
    const untagged = await verify(null);
    t.true(untagged.unsound > 0 && untagged.leaks > 0 && untagged.unfaithful > 0);
    t.regex(untagged.differences[0]?.description ?? '', /frame without the tag of the VLAN|VLAN/);
  });
}
