/** What the loader does where the verifier gives up. */
import test from 'ava';
import { compilePrefilter } from '../../src/compile/compile.js';
import { config, offsetOf } from '../../src/compile/abi.js';
import { loadImage } from '../../src/load/load-image.js';
import { LoadError } from '../../src/load/load-error.js';
import type { NativeApi, NativeError } from '../../src/load/native-api.js';
import { loadNative } from '../../src/load/native.js';
import { deviceMac } from '../compile/frame.js';
import { allFields, Random, randomProgram } from '../compile/random.js';

const program = randomProgram(new Random(2), {
  family: 4, steps: 64, atoms: 40, counters: 5, entries: 4, fields: allFields, skips: true, devices: 1,
}); // prettier-ignore
const image = compilePrefilter(
  { ip: program, ip6: { family: 6, atoms: [], steps: [] }, counters: 5 },
  { decisions: false },
);
const devices = [{ name: 'dev0', ifindex: 1, mac: deviceMac, position: 0 }];

const tooLarge = (): NativeError =>
  Object.assign(new Error('load program: Argument list too long (E2BIG)'), {
    errno: 7,
    code: 'E2BIG',
    step: 'load program',
    log: 'BPF program is too large. Processed 1000001 insn',
  });

/** Its verifier refuses as often; how each program was to search. */
function refusing(times: number): { native: NativeApi; called: number[] } {
  const real = loadNative();
  const called: number[] = [];
  const load: NativeApi['load'] = (object, name, rodata, maps, isMultiBuffer) => {
    called.push(rodata![offsetOf(config, 'calls_rounds')]!);
    return called.length <= times ? Promise.reject(tooLarge()) : real.load(object, name, rodata, maps, isMultiBuffer);
  };
  return { native: { ...real, load }, called };
}

test('rounds are called where the verifier does not get through them, and walk otherwise', async (t) => {
  for (const [times, expected] of [
    [0, [0]],
    [1, [0, 1]],
  ] as const) {
    const { native, called } = refusing(times);
    const loaded = await loadImage(native, image, devices);
    t.deepEqual(called, [...expected]);
    t.true(native.programInfo(loaded.devices[0]!.program.fd).verifiedInstructions < 1_000_000);
    loaded.close();
  }
});

test('a program that is too large either way is refused with the hint', async (t) => {
  const { native, called } = refusing(2);
  const error = await t.throwsAsync(loadImage(native, image, devices), { instanceOf: LoadError });
  t.deepEqual(called, [0, 1]);
  t.regex(error.message, /cannot load the prefilter for dev0.*E2BIG/s);
});

test('where rounds are called the verifier does not walk each', async (t) => {
  const walked: number[] = [];
  for (const times of [0, 1]) {
    const { native } = refusing(times);
    const loaded = await loadImage(native, image, devices);
    walked.push(native.programInfo(loaded.devices[0]!.program.fd).verifiedInstructions);
    loaded.close();
  }
  t.true(walked[1]! < walked[0]!, walked.join());
});
