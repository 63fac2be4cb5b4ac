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

/**
 * Of these it is known where a tag is: hardware does as rx-vlan-offload says, and a tap gives what it was given. Between other devices of
 * the kernel a tag travels beside the frame as well, whatever rx-vlan-offload says of the receiver: on a veth it was the sender that
 * put it there (tx-vlan-offload of its peer), on a bridge or bond a port (veth: Linux 6.1 and 6.12, native and generic).
 */
const tagIsInFrame = (kind: string | null): boolean => kind === null || kind === 'tun';

/** Of 802.1Q and of 802.1ad; as `ethtool -K` takes them. */
const strippingFeatures = [
  { feature: 'rx-vlan-offload', option: 'rxvlan' },
  { feature: 'rx-vlan-stag-hw-parse', option: 'rx-vlan-stag-hw-parse' },
] as const;

export function checkStripping(devices: readonly HostDevice[], read = readFeatures): Check {
  const findings = devices.flatMap(({ name, kind, upper }): Finding[] => {
    const vlans = upper.filter(({ kind }) => kind === 'vlan').map((vlan) => vlan.name);
    // Without a VLAN device the stack drops a tagged frame, so it does not matter who takes it.
    if (vlans.length === 0) return [];
    if (!tagIsInFrame(kind)) return [{ status: 'violated', detail: tagsBeside(name, kind, vlans) }];
    const features = read(name);
    if (features.of('rx-vlan-offload') === 'unknown')
      return [{ status: 'unchecked', detail: unknown(name, features.missing) }];
    const on = strippingFeatures.filter(({ feature }) => features.of(feature) === 'on').map(({ option }) => option);
    if (on.length === 0) return [];
    const line = `ethtool -K ${name} ${on.map((option) => `${option} off`).join(' ')}`;
    return [
      {
        status: 'violated',
        detail: `${name} strips VLAN tags before XDP, and ${vlans.join(', ')} stand on it: run \`${line}\``,
      },
    ];
  });
  return {
    code: 'vlan-stripping',
    statement: 'no VLAN tag is stripped by the device before XDP sees it while VLAN devices stand on it',
    ...summarise(findings, 'no VLAN device stands on a device that strips tags'),
  };
}

const tagsBeside = (name: string, kind: string | null, vlans: readonly string[]): string =>
  `${name} is a ${kind ?? 'device'}, where tags travel beside the frame and XDP may not see them, and ${vlans.join(', ')} stand on it` +
  (kind === 'veth' ? `: run \`ethtool -K PEER txvlan off\` for its peer, and only then take this as given` : '');

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
