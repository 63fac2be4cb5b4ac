/** What the kernel says is attached to a device, asked of `ip -d link` so that any link, pin or netlink attachment is seen. */
import { LoadError } from './load-error.js';
import { runTool } from './tool.js';

export interface XdpOnDevice {
  readonly mode: 'native' | 'generic' | 'offloaded' | 'several';
  readonly programId: number;
  readonly programName: string;
}

export interface LinkState {
  readonly ifindex: number;
  readonly xdp: XdpOnDevice | null;
  /** Of a VLAN device: the device of this namespace that it stands on. */
  readonly lower: string | null;
}

/** IFLA_XDP_ATTACHED values as `ip -j` prints them: 1 driver, 2 skb, 3 hardware, 4 several. */
const modes = { 1: 'native', 2: 'generic', 3: 'offloaded', 4: 'several' } as const;

interface LinkJson {
  readonly ifindex: number;
  readonly link?: string | null;
  readonly link_netnsid?: number;
  readonly linkinfo?: { readonly info_kind?: string };
  readonly xdp?: { readonly mode?: number; readonly prog?: { readonly id?: number; readonly name?: string } };
}

/** Null when there is no such device in this network namespace. Throws LoadError when `ip` is missing. */
export function linkState(device: string): LinkState | null {
  const { error, code, stdout, stderr } = runTool('ip', ['-j', '-d', 'link', 'show', 'dev', device]);
  if (error !== null) {
    throw new LoadError({
      errno: 2,
      step: 'run ip',
      message: `\`ip\` cannot be run (${error.message}), so it is not known what is attached to ${device}`,
      hint: 'install iproute2',
      cause: error,
    });
  }
  if (code !== 0) {
    const why = stderr.toString().trim();
    if (why.includes('does not exist') || why.includes('Cannot find')) return null;
    throw new LoadError({ errno: 0, step: 'run ip', message: `ip link show dev ${device}: ${why}` });
  }
  const link = (JSON.parse(stdout.toString()) as LinkJson[])[0];
  return link === undefined ? null : { ifindex: link.ifindex, xdp: attachedOf(link), lower: lowerOf(link) };
}

const lowerOf = ({ link, link_netnsid, linkinfo }: LinkJson): string | null =>
  linkinfo?.info_kind === 'vlan' && link_netnsid === undefined ? (link ?? null) : null;

function attachedOf({ xdp }: LinkJson): XdpOnDevice | null {
  if (xdp === undefined) return null;
  const mode = modes[(xdp.mode ?? 4) as keyof typeof modes];
  return { mode, programId: xdp.prog?.id ?? 0, programName: xdp.prog?.name ?? '?' };
}
