/** Image -> loaded programs, filled but attached to nothing. */
import { control as controlStruct, offsetOf } from '../compile/abi.js';
import type { DeviceConfig, Image } from '../compile/image.js';
import type { VlanTag } from '../model/host.js';
import { programName, readBpfObject } from './bpf-object.js';
import { readClockZero } from './clock.js';
import { counterRows, fillCounterRows } from './counter-rows.js';
import { Descriptor } from './descriptor.js';
import { explaining, isNativeError } from './load-error.js';
import type { MapSize, NativeApi } from './native-api.js';

/** A device that the image is specialised for. */
export interface TargetDevice {
  readonly name: string;
  readonly ifindex: number;
  /** 48-bit number. */
  readonly mac: number;
  /** Position in `Plan.devices`. */
  readonly position: number;
  /** A VLAN device that is covered through the one it stands on. */
  readonly through?: Through;
}

/** Map of the programs that hand on what they pass: the one place of it holds somebody else's program. */
export const theirsMap = 'theirs';
/** The device that a VLAN device stands on, where the program is attached, and the tag of what it decides there. */
export interface Through {
  readonly name: string;
  readonly ifindex: number;
  readonly tag: VlanTag;
}

/** Where the program is attached. */
export const placeOf = ({
  name,
  ifindex,
  through,
}: TargetDevice): { readonly name: string; readonly ifindex: number } => through ?? { name, ifindex };

const deviceConfig = ({ mac, position, ifindex, through }: TargetDevice, isCalled: boolean): DeviceConfig => ({
  mac,
  position,
  ...(isCalled && { calledOn: ifindex }),
  ...(through && { vlan: { ...through.tag, ifindex } }),
});

export const mapNames = ['tables', 'counters', 'stats', 'control', 'samples'] as const;
export type MapName = (typeof mapNames)[number];
export type Maps = Readonly<Record<MapName, Descriptor>>;

/** Null when one is missing: the program is not ours, or of another version. */
export function everyMap(of: (name: MapName) => Descriptor | undefined): Maps | null {
  const maps: Partial<Record<MapName, Descriptor>> = {};
  for (const name of mapNames) {
    const map = of(name);
    if (map === undefined) return null;
    maps[name] = map;
  }
  return maps as Maps;
}

export interface LoadedDevice {
  readonly device: TargetDevice;
  readonly program: Descriptor;
  readonly programId: number;
}

/** One program per device; all of them share the maps. */
export interface LoadedImage {
  readonly devices: readonly LoadedDevice[];
  readonly maps: Maps;
  /** Nothing stands in it yet. Only programs that hand on use it. */
  readonly theirs: Descriptor;
  /** Closes every descriptor; what is pinned or attached stays. */
  readonly close: () => void;
}

export interface LoadOptions {
  /** Its name in the BPF object. */
  readonly program?: string;
  /** Unless it is false frames may have several buffers. Programs that call each other are of one kind. */
  readonly isMultiBuffer?: boolean;
  /** Somebody else's program calls it, who may run on other devices too. */
  readonly isCalled?: boolean;
  /** As `Image.rodata` takes it; by the host's clocks if not given. */
  readonly clockZero?: bigint;
}

/** Throws LoadError with the verifier's telling lines. Nothing is left in the kernel then. */
export async function loadImage(
  native: NativeApi,
  image: Image,
  devices: readonly TargetDevice[],
  {
    program: name = programName,
    isMultiBuffer = true,
    isCalled = false,
    clockZero = readClockZero(),
  }: LoadOptions = {},
): Promise<LoadedImage> {
  const object = readBpfObject(image.asksConntrack);
  const opened: Descriptor[] = [];
  const close = (): void => opened.forEach((descriptor) => descriptor.close());
  try {
    const loaded: LoadedDevice[] = [];
    let maps: Maps | null = null;
    let theirs: Descriptor | undefined;
    for (const device of devices) {
      const sizes = maps === null || theirs === undefined ? firstSizes(native, image) : sharedSizes(maps, theirs);
      const load = (config: DeviceConfig) =>
        native.load(object, name, image.rodata(config, clockZero), sizes, isMultiBuffer);
      const config = deviceConfig(device, isCalled);
      const fds = await explaining(`cannot load the prefilter for ${device.name}`, () =>
        load(config).catch((error: unknown) => {
          if (!isTooMuchToVerify(error)) throw error;
          return load({ ...config, callsRounds: true });
        }),
      );
      const program = new Descriptor(native, fds.program);
      const own = Object.fromEntries(Object.entries(fds.maps).map(([name, fd]) => [name, new Descriptor(native, fd)]));
      opened.push(program, ...Object.values(own));
      maps ??= everyMap((name) => own[name]);
      theirs ??= own[theirsMap];
      loaded.push({ device, program, programId: native.programInfo(program.fd).id });
    }
    if (maps === null || theirs === undefined)
      throw new Error('bug: no device to load for, or the BPF object lacks a map');
    const { tables, counters, control } = maps;
    await explaining('cannot fill the tables', () => {
      native.writeMappable(tables.fd, 0, image.tables);
      fillCounterRows(native, counters.fd, image);
      native.writeMappable(control.fd, offsetOf(controlStruct, 'leased'), features(image));
    });
    return { devices: loaded, maps, theirs, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** The verifier has walked a million instructions and seen no end: of the paths through the program there are too many, not too long ones. */
const isTooMuchToVerify = (error: unknown): boolean =>
  isNativeError(error) && error.step === 'load program' && error.code === 'E2BIG';

function firstSizes(native: NativeApi, image: Image): MapSize[] {
  return [
    { name: 'tables', valueSize: Math.max(8, image.tables.length) },
    { name: 'counters', ...counterRows(native, image) },
  ];
}

/** For whoever finds the map: what the programs look at. */
const features = ({ leased, sampled }: Image): Uint8Array =>
  new Uint8Array(Uint32Array.of(Number(leased), Number(sampled)).buffer);

const sharedSizes = (maps: Maps, theirs: Descriptor): MapSize[] => [
  ...mapNames.map((name) => ({ name, reuseFd: maps[name].fd })),
  { name: theirsMap, reuseFd: theirs.fd },
];
