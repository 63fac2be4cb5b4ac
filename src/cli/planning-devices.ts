/** Which devices a plan without `--dev` is for. */
import type { HostFacts } from '../model/host.js';
import type { Ruleset } from '../model/ruleset.js';
import { kindsOf } from '../model/segments.js';

/** Devices that are made by software on the host: a firewall's upstream is not one of them. */
const virtual = /^(lo|docker|br|veth|virbr|vnet|tun|tap|wg|dummy|ifb|lxc|lxd|cni|flannel|cali|cilium|kube)/;

/** Devices of the host that frames from outside arrive on; else the first such name that a rule uses; else eth0. */
export function planningDevices(ruleset: Ruleset, facts: HostFacts | null): readonly string[] {
  const hardware = (facts?.devices ?? [])
    .filter(({ name, kind, master }) => kind === null && master === null && name !== 'lo')
    .map(({ name }) => name);
  if (hardware.length > 0) return hardware;
  return [firstNamed(ruleset) ?? 'eth0'];
}

function firstNamed(ruleset: Ruleset): string | undefined {
  const named = new Set<string>();
  for (const table of ruleset.tables) {
    for (const chain of table.chains.values()) {
      for (const { parts } of kindsOf(chain)) {
        for (const part of parts) {
          if (!('match' in part) || part.match.kind !== 'interface') continue;
          const { direction, wildcard, name } = part.match;
          if (direction === 'in' && !wildcard && !virtual.test(name)) named.add(name);
        }
      }
    }
  }
  return named.has('eth0') ? 'eth0' : [...named][0];
}
