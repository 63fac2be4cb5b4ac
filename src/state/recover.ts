/** What an earlier run left undone: every command that changes something begins here, under the lock of the state directory. */
import { attachmentOf } from '../load/attachment.js';
import type { NativeApi } from '../load/native-api.js';
import { type Install, readInstall, writeInstall } from './install.js';
import { isAlive, type ProcessId } from './process-id.js';
import { undo } from './undo.js';

export interface Recovering {
  readonly native: NativeApi;
  readonly state: string;
  /** Told what was done about it. */
  readonly tell: (message: string) => void;
  /** Starts a process that undoes the change unless it is confirmed. */
  readonly guard: () => ProcessId;
}

/** What is in force after that; null: nothing that would have to be undone. */
export async function recover({ native, state, tell, guard }: Recovering): Promise<Install | null> {
  const install = readInstall(state);
  if (install === null) return null;
  const why = await whyUndo(native, install);
  if (why !== null) {
    await undo(install, { native, state, force: install.confirm !== null });
    tell(`${why}: it is undone`);
    return null;
  }
  const { confirm } = install;
  if (confirm !== null && (confirm.guardian === null || !isAlive(confirm.guardian))) {
    const guarded = { ...install, confirm: { ...confirm, guardian: guard() } };
    writeInstall(state, guarded);
    return guarded;
  }
  return install;
}

/** Null: it is as it should be. */
async function whyUndo(native: NativeApi, { owner, confirm, devices, bpffs, swaps }: Install): Promise<string | null> {
  if (owner !== null && !isAlive(owner)) return 'an earlier run ended in the middle of a change';
  if (confirm !== null && confirm.deadline !== null && Date.now() >= confirm.deadline)
    return 'a change was not confirmed in time';
  if (owner !== null || swaps.length === 0) return null;
  for (const { name } of devices) {
    if ((await attachmentOf(native, bpffs, name)).kind !== 'attached')
      return `a residual was in netfilter without the filter on ${name} that belongs to it`;
  }
  return null;
}
