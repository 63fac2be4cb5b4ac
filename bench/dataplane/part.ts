/** Nanoseconds per packet of the data plane, by test runs over many keys. */
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { loadNative } from '../../src/load/native.js';
import type { NativeApi } from '../../src/load/native-api.js';
import { interleave } from '../harness/interleave.js';
import type { Context, Outcome, Part } from '../harness/part.js';
import { measuringCore, stayOnMeasuringCore } from '../harness/processor.js';
import type { Measurement } from '../harness/result.js';
import { addresses4 } from './addresses.js';
import { addressContenders, blocks } from './address-contenders.js';
import { subjectsOf, type Contender } from './contender.js';
import { DescriptorScope } from './descriptor-scope.js';
import { packet } from './frames.js';
import { frameOf } from '../../test/compile/frame.js';
import { keyCount } from './keys.js';
import { ruleContenders } from './rule-contenders.js';

/** In the network namespace of this part; xdp-filter attaches to it. */
function deviceForXdpFilter(): string | null {
  if (spawnSync('xdp-filter', ['--help']).error) return null;
  const words = 'link add bench0 type veth peer name bench1';
  if (spawnSync('ip', words.split(' ')).status !== 0) throw new Error(`ip ${words} failed`);
  spawnSync('ip', ['link', 'set', 'bench0', 'up']);
  return 'bench0';
}

/** Foreign programs see random sources; what they drop is theirs to say. */
function foreign(native: NativeApi, pins: readonly string[]): Contender[] {
  return pins.map((pin) => ({
    subject: basename(pin),
    size: null,
    feeds: [{ scenario: 'IPv4 addresses', keys: () => addresses4(1).misses, frame: frameOf(packet), unchecked: true }],
    load: () => ({ fd: native.openPinned(pin), frags: null }),
  }));
}

/** What is measured in turn, and loaded at one time. */
interface Group {
  readonly name: string;
  readonly contenders: (native: NativeApi) => readonly Contender[];
}

async function measureGroup({ name, contenders }: Group, context: Context, seconds: number): Promise<Measurement[]> {
  const scope = new DescriptorScope(loadNative());
  try {
    const subjects = await subjectsOf(scope.native, contenders(scope.native), context);
    const observe = (round: number, rounds: number): void =>
      context.tell(`${name}: round ${Math.max(0, round)} of ${rounds}`);
    return subjects.length === 0 ? [] : await interleave(subjects, { rounds: context.rounds, seconds, observe });
  } finally {
    scope.close();
  }
}

async function run(context: Context): Promise<Outcome> {
  stayOnMeasuringCore();
  const device = deviceForXdpFilter();
  if (device === null) context.remark('xdp-filter is not installed, so it is not among those measured');
  const groups: Group[] = [
    ...blocks(context.quick, device).map((block): Group => ({
      name: block.name,
      contenders: (native) => [
        ...addressContenders(native, block),
        ...(block.name === 'IPv4 addresses' ? foreign(native, context.against) : []),
      ],
    })),
    { name: 'rules', contenders: (native) => ruleContenders(native, context.quick) },
  ];
  const measurements: Measurement[] = [];
  for (const group of groups)
    measurements.push(...(await measureGroup(group, context, context.seconds / groups.length)));
  return { settings: { core: measuringCore, keys: keyCount, rounds: context.rounds }, measurements };
}

export const dataplane: Part = {
  title: 'Data plane',
  packages: ['xdp-tools', 'bpftool', 'clang', 'libbpf-dev'],
  seconds: 500,
  run,
};
