/** What a ruleset does not use is not in the loaded program: families, fields, tables, stages (the verifier removes them). */
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { compilePrefilter, type CompileOptions } from '../../src/compile/compile.js';
import { loadNative } from '../../src/load/native.js';
import type { AddressRanges } from '../../src/model/address.js';
import type { Atom, Prefilter, SmallField, Step, StepProgram } from '../../src/plan/program.js';
import { deviceMac } from '../compile/frame.js';
import { conntrackObjectFile, loadImage, objectFile } from '../compile/loaded.js';
import { withNamespaces } from './namespace.js';

const addresses = (ranges: AddressRanges): Atom => ({ kind: 'addresses', field: 'saddr', ranges, counters: null });
const ranges4 = (count: number): AddressRanges => {
  const lo = Uint32Array.from({ length: count }, (_, i) => 0x0a000000 + i * 5);
  return { family: 4, count, lo, hi: lo };
};
const ranges6 = (): AddressRanges => {
  const lo = Uint32Array.of(0x20010db8, 0, 0, 1);
  return { family: 6, count: 1, lo, hi: lo };
};
const values = (field: SmallField, value: number): Atom => ({
  kind: 'values',
  field,
  ranges: [[value, value]],
  counters: null,
});

/** Steps that drop where every atom holds; one atom differs from step to step. */
function program(family: 4 | 6, atoms: readonly Atom[], steps = 1, before: readonly Step[] = []): StepProgram {
  const when = atoms.map((_, atom) => ({ atom, negate: false }));
  const drop: Step = { when, outcome: { kind: 'drop', counter: 0, counted: null } };
  return { family, atoms, steps: [...before, ...Array<Step>(steps).fill(drop)] };
}

const none = (family: 4 | 6): StepProgram => ({ family, atoms: [], steps: [] });
const only4 = (ip: StepProgram): Prefilter => ({ ip, ip6: none(6), counters: 1 });
const only6 = (ip6: StepProgram): Prefilter => ({ ip: none(4), ip6, counters: 1 });

async function translated(prefilter: Prefilter, options: CompileOptions = {}, file?: string): Promise<number> {
  const image = compilePrefilter(prefilter, options);
  const object = file ?? (image.asksConntrack ? conntrackObjectFile : objectFile);
  const loaded = await loadImage(image, { mac: deviceMac, position: 0 }, object);
  try {
    // An instruction has 8 bytes.
    return loadNative().programInfo(loaded.program).translatedBytes / 8;
  } finally {
    loaded.close();
  }
}

const one4 = program(4, [addresses(ranges4(1))]);
const one6 = program(6, [addresses(ranges6())]);
const eight: StepProgram = {
  family: 4,
  atoms: Array.from({ length: 8 }, (_, i) => addresses({ ...ranges4(1), lo: Uint32Array.of(i * 9), hi: Uint32Array.of(i * 9 + 4) })),
  steps: Array.from({ length: 8 }, (_, i): Step => ({ when: [{ atom: i, negate: false }], outcome: { kind: 'drop', counter: 0, counted: null } })),
}; // prettier-ignore
const ask: Step = { when: [], outcome: { kind: 'ask' } };
const route: Step = { when: [], outcome: { kind: 'route' } };
const skip: Step = { when: [], outcome: { kind: 'skip', to: 1 } };

test('what is not used is not in the program', async (t) => {
  const of = {
    nothing: await translated(only4(none(4))),
    'IPv4 address': await translated(only4(one4)),
    'IPv6 address': await translated(only6(one6)),
    'both families': await translated({ ip: one4, ip6: one6, counters: 1 }),
    'no counters': await translated(only4(one4), { counters: false }),
    'leased': await translated(only4(one4), { leased: true }),
    'sampled': await translated(only4(one4), { sampled: true }),
    'leased and sampled': await translated(only4(one4), { leased: true, sampled: true }),
    'buckets': await translated(only4(program(4, [addresses(ranges4(1000))]))),
    'address and port': await translated(only4(program(4, [addresses(ranges4(1)), values('dport', 53)]))),
    'address, protocol and port': await translated(only4(program(4, [addresses(ranges4(1)), values('protocol', 17), values('dport', 53)]))),
    'rows': await translated(only4(one4), { decisions: false }),
    '8 steps': await translated(only4(eight)),
    '8 steps, by rows': await translated(only4(eight), { decisions: false }),
    'two words': await translated(only4(program(4, [addresses(ranges4(1))], 65)), { decisions: false }),
    'marks': await translated(only4(program(4, [addresses(ranges4(1)), values('mark', 0)], 1, [skip]))),
    'marks, by rows': await translated(only4(program(4, [addresses(ranges4(1)), values('mark', 0)], 1, [skip])), { decisions: false }),
    'skip': await translated(only4(program(4, [addresses(ranges4(1))], 1, [skip]))),
    'route': await translated(only4(program(4, [addresses(ranges4(1)), values('reversePath', 3)], 1, [route]))),
    'conntrack': await translated(only4(program(4, [addresses(ranges4(1))], 1, [ask]))),
  }; // prettier-ignore
  for (const [name, instructions] of Object.entries(of)) t.log(`${name}: ${instructions} instructions`);
  const grows = (small: keyof typeof of, large: keyof typeof of): void => {
    t.true(of[small] < of[large], `${small} ${of[small]}, ${large} ${of[large]}`);
  };
  grows('nothing', 'no counters');
  grows('no counters', 'IPv4 address');
  grows('IPv4 address', 'leased');
  grows('leased', 'sampled');
  grows('sampled', 'leased and sampled');
  grows('IPv4 address', 'both families');
  grows('IPv6 address', 'both families');
  grows('IPv4 address', 'buckets');
  // The short way of a source that decides alone stands beside the long one.
  grows('rows', 'IPv4 address');
  grows('rows', 'address and port');
  grows('address and port', 'address, protocol and port');
  grows('rows', 'two words');
  // Where one step drops all that any drops, its class says so; else it is where the decision stands, of however many steps.
  grows('IPv4 address', '8 steps');
  // Which step decides is written down: nothing of the search is there.
  grows('marks', 'marks, by rows');
  grows('rows', 'skip');
  grows('skip', 'conntrack');
  grows('skip', 'route');
  // The families share no more than the beginning and the reasons to pass.
  t.true(of['both families'] > of['IPv4 address'] + of['IPv6 address'] - of['nothing'] - 100);
});

/** The program without the branch that asks `control`: as if there were no lease and no samples. */
function buildUncontrolled(directory: string): string {
  cpSync('bpf', join(directory, 'bpf'), { recursive: true });
  rmSync(join(directory, 'bpf/prefilter-conntrack.bpf.c')); // not asked for here, and it takes as long again to compile
  const file = join(directory, 'bpf/prefilter.h');
  const whole = readFileSync(file, 'utf8');
  const plain = whole.replace(/\n\tif \(unlikely\(at_drop.*?\n\t\}\n/s, '\n\tif (!at_drop)\n\t\treturn XDP_DROP;\n');
  if (plain === whole) throw new Error('the branch has changed: change this test');
  writeFileSync(file, plain.replace('at_drop = cfg.at_drop', 'at_drop = cfg.counters'));
  const script = join(directory, 'bpf/build.sh');
  // A function is not used then.
  writeFileSync(script, readFileSync(script, 'utf8').replace('-Werror', ''));
  execFileSync(script, { stdio: 'ignore' });
  return join(directory, 'build/bpf/prefilter.bpf.o');
}

test('a program without a lease and without samples does not pay for them', async (t) => {
  await withNamespaces(t, async (net) => {
    const uncontrolled = buildUncontrolled(net.directory());
    const of = {
      'IPv4 address': only4(one4),
      'IPv6 address': only6(one6),
      'both families': { ip: one4, ip6: one6, counters: 1 },
      'buckets': only4(program(4, [addresses(ranges4(1000))])),
    'two words': only4(program(4, [addresses(ranges4(1))], 65)),
      'skip': only4(program(4, [addresses(ranges4(1))], 1, [skip])),
    }; // prettier-ignore
    for (const [name, prefilter] of Object.entries(of)) {
      const [without, whole] = [await translated(prefilter, {}, uncontrolled), await translated(prefilter)];
      t.log(`${name}: ${without} instructions without, ${whole} with what is not used`);
      // clang may place the blocks so that one jump more is taken over what is not there.
      t.true(whole <= without + 1, name);
    }
  });
});
