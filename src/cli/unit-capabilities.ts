/** What the units may do, as lines of systemd. */
import type { conntrackBtf } from '../host/check-conntrack.js';

const always = 'CapabilityBoundingSet=CAP_BPF CAP_NET_ADMIN CAP_PERFMON CAP_NET_RAW';

/**
 * Programs and maps of ours are pinned, and opened by their paths. What is not pinned the kernel opens by its number, for CAP_SYS_ADMIN only
 * (bpf_prog_get_fd_by_id, bpf_btf_get_fd_by_id, Linux 6.18).
 *
 * @param config A configuration file that was checked by its schema.
 */
export function unitCapabilities(config: object, conntrack: ReturnType<typeof conntrackBtf>): string {
  const why = whyAll(config, conntrack);
  return why === null
    ? "# This kernel has conntrack built in. Where that is a module, or somebody else's program calls ours, CAP_SYS_ADMIN is wanted as well:\n" +
        `# run install-service again then.\n${always}`
    : `# CAP_SYS_ADMIN: ${why}.\n# Where that is no longer so, install-service run again leaves it out.\n${always} CAP_SYS_ADMIN`;
}

function whyAll(config: object, conntrack: ReturnType<typeof conntrackBtf>): string | null {
  // Options stand in the file itself, or in the section of a command.
  if (
    [config, ...(Object.values(config) as unknown[])].some(
      (part) => typeof part === 'object' && part !== null && 'chain' in part,
    )
  )
    return 'the program that calls ours ("chain" in the configuration file) is opened by its number';
  if (conntrack === 'kernel') return null;
  return 'conntrack is a module here, or not there yet: its functions are looked up in a BTF that is opened by its number';
}
