/** What a ruleset does not use is not in the loaded program: families, fields, tables, stages (the verifier removes them). */
import test from 'ava';
import { compilePrefilter, type CompileOptions } from '../../src/compile/compile.js';
import { loadNative } from '../../src/load/native.js';
import type { AddressRanges } from '../../src/model/address.js';
import type { Atom, Prefilter, SmallField, Step, StepProgram } from '../../src/plan/program.js';
import { deviceMac } from '../compile/frame.js';
import { conntrackObjectFile, loadImage, objectFile } from '../compile/loaded.js';

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

async function translated(prefilter: Prefilter, options: CompileOptions = {}): Promise<number> {
  const image = compilePrefilter(prefilter, options);
  const object = image.asksConntrack ? conntrackObjectFile : objectFile;
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
    'buckets': await translated(only4(program(4, [addresses(ranges4(1000))]))),
    'address and port': await translated(only4(program(4, [addresses(ranges4(1)), values('dport', 53)]))),
    'address, protocol and port': await translated(only4(program(4, [addresses(ranges4(1)), values('protocol', 17), values('dport', 53)]))),
    'two words': await translated(only4(program(4, [addresses(ranges4(1))], 65))),
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
  grows('IPv4 address', 'both families');
  grows('IPv6 address', 'both families');
  grows('IPv4 address', 'buckets');
  grows('IPv4 address', 'address and port');
  grows('address and port', 'address, protocol and port');
  grows('IPv4 address', 'two words');
  grows('IPv4 address', 'skip');
  grows('skip', 'conntrack');
  grows('skip', 'route');
  // The families share no more than the beginning and the reasons to pass.
  t.true(of['both families'] > of['IPv4 address'] + of['IPv6 address'] - of['nothing'] - 100);
});
