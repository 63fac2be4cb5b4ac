/** Somebody else's XDP program is never replaced. */
import { attachmentOf } from '../load/attachment.js';
import type { NativeApi } from '../load/native-api.js';
import { linkState } from '../load/xdp-on-device.js';
import type { Check } from './preflight.js';

export async function checkForeignXdp(native: NativeApi, names: readonly string[], bpffs: string): Promise<Check> {
  const found: string[] = [];
  for (const name of names) {
    const xdp = linkState(name)?.xdp ?? null;
    if (xdp === null) continue;
    if ((await attachmentOf(native, bpffs, name)).kind === 'attached') continue;
    found.push(`XDP program ${xdp.programId} "${xdp.programName}" runs on ${name} (${xdp.mode} mode)`);
  }
  return {
    code: 'no-foreign-xdp',
    statement: 'no other XDP program runs on the devices',
    status: found.length > 0 ? 'violated' : 'holds',
    detail:
      found.length > 0
        ? `${found.join('; ')}: remove it with its own tool, or name its bpffs by --bpffs`
        : 'none, or offload’s own',
  };
}
