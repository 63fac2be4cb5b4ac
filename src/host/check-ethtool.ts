/** Device features that make XDP see other frames than the stack does, from `ethtool -k`. */
import type { HostDevice } from '../model/host.js';
import { run } from './command.js';
import type { Check } from './preflight.js';

type Feature = 'on' | 'off' | 'unknown';

interface Features {
  readonly missing: boolean;
  readonly of: (feature: string) => Feature;
}

/** `rx-vlan-offload: on [fixed]` */
function readFeatures(device: string): Features {
  const output = run('ethtool', ['-k', device]);
  if (output.kind !== 'text') return { missing: output.kind === 'missing', of: () => 'unknown' };
  const values = new Map(
    [...output.stdout.matchAll(/^\s*([\w-]+): (on|off)\b/gm)].map(([, name, value]) => [name, value as Feature]),
  );
  return { missing: false, of: (feature) => values.get(feature) ?? 'unknown' };
}

const unknown = (device: string, missing: boolean): string =>
  missing ? `ethtool is not installed, so ${device} was not asked` : `ethtool cannot tell for ${device}`;

interface Finding {
  readonly status: Check['status'];
  readonly detail: string;
}

/** The worst finding decides; all that are as bad are told. */
function summarise(findings: readonly Finding[], good: string): Finding {
  for (const status of ['violated', 'unchecked'] as const) {
    const bad = findings.filter((finding) => finding.status === status);
    if (bad.length > 0) return { status, detail: bad.map(({ detail }) => detail).join('; ') };
  }
  return { status: 'holds', detail: good };
}

export function checkStripping(devices: readonly HostDevice[], read = readFeatures): Check {
  const findings = devices.flatMap(({ name, upper }): Finding[] => {
    const vlans = upper.filter(({ kind }) => kind === 'vlan').map((vlan) => vlan.name);
    // Without a VLAN device the stack drops a tagged frame, so it does not matter who takes it.
    if (vlans.length === 0) return [];
    const features = read(name);
    const stripping = features.of('rx-vlan-offload');
    if (stripping === 'off') return [];
    if (stripping === 'unknown') return [{ status: 'unchecked', detail: unknown(name, features.missing) }];
    return [
      {
        status: 'violated',
        detail: `${name} strips VLAN tags before XDP, and ${vlans.join(', ')} stand on it: run \`ethtool -K ${name} rxvlan off\``,
      },
    ];
  });
  return {
    code: 'vlan-stripping',
    statement: 'no VLAN tag is stripped by the device before XDP sees it while VLAN devices stand on it',
    ...summarise(findings, 'no VLAN device stands on a device that strips tags'),
  };
}

export function checkLro(names: readonly string[], read = readFeatures): Check {
  const findings = names.flatMap((name): Finding[] => {
    const features = read(name);
    const lro = features.of('large-receive-offload');
    if (lro === 'off') return [];
    if (lro === 'unknown') return [{ status: 'unchecked', detail: unknown(name, features.missing) }];
    return [{ status: 'violated', detail: `${name} merges segments before XDP: run \`ethtool -K ${name} lro off\`` }];
  });
  return { code: 'lro-off', statement: 'large receive offload is off', ...summarise(findings, 'off on all devices') };
}
