/** Frames of a lower device (bridge port, bond member, below a macvlan …) meet netfilter as another device, or not at all. */
import type { HostDevice } from '../model/host.js';
import { run } from './command.js';
import type { Check } from './preflight.js';

/** Above these the stack still sees untagged frames as the device's own: tagged ones are passed by the program. */
const harmless = new Set(['vlan']);

/** @param all Devices of the host: those of a VLAN listen for addresses of their own. */
export function checkLower(devices: readonly HostDevice[], all: readonly HostDevice[]): Check {
  const found = devices.flatMap((device) => [
    ...masterOf(device),
    ...uppersOf(device),
    ...foreignAddresses(device, [device, ...all.filter(({ vlan }) => vlan?.lower === device.name)]),
  ]);
  return {
    code: 'not-lower-device',
    statement: 'the devices are not ports of a bridge, bond, VRF or OVS and carry no macvlan or ipvlan',
    status: found.length > 0 ? 'violated' : 'holds',
    detail: found.length > 0 ? found.join('; ') : 'no master, nothing stacked on them',
  };
}

const masterOf = ({ name, master }: HostDevice): string[] =>
  master === null
    ? []
    : [`${name} belongs to ${master}: name ${master} instead, or take it out (\`ip link set ${name} nomaster\`)`];

const uppersOf = ({ name, upper }: HostDevice): string[] =>
  upper.filter(({ kind }) => !harmless.has(kind)).map((each) => `${each.kind} ${each.name} stands on ${name}`);

interface FdbJson {
  readonly mac?: string;
  readonly flags?: readonly string[];
}

/** A macvlan moved into a container is not in our list of links, but the device still listens for its address. */
function foreignAddresses({ name }: HostDevice, known: readonly HostDevice[]): string[] {
  const output = run('bridge', ['-j', 'fdb', 'show', 'dev', name]);
  if (output.kind !== 'text' || output.stdout.trim() === '') return [];
  const listed = (JSON.parse(output.stdout) as FdbJson[]).flatMap((entry) =>
    entry.flags?.includes('self') === true && entry.mac !== undefined ? [entry.mac] : [],
  );
  const foreign = listed.filter((address) => {
    const number = Number.parseInt(address.replaceAll(':', ''), 16);
    const unicast = (Math.floor(number / 2 ** 40) & 1) === 0;
    return unicast && number !== 0 && !known.some(({ mac }) => mac === number);
  });
  return foreign.length === 0
    ? []
    : [`${name} also receives for ${foreign.slice(0, 3).join(', ')}: a macvlan of another namespace stands on it`];
}
