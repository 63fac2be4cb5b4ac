/** Undoes what `install.json` tells of, last change first: netfilter gets its own rules back, then XDP goes. Each step may be done already. */
import { attachmentOf } from '../load/attachment.js';
import { detach } from '../load/detach.js';
import { LoadError } from '../load/load-error.js';
import type { NativeApi } from '../load/native-api.js';
import { forgetInstall, type Install, type Swap, writeInstall } from './install.js';
import { forgetRecord } from './journal.js';
import { ownProcess } from './process-id.js';
import { changedByOthers, keepOriginal, restore } from './swap.js';

export type UndoStep = 'marked' | 'restored' | 'detached' | 'forgotten';

export interface Undoing {
  readonly native: NativeApi;
  readonly state: string;
  /** Restores tables that others have changed since. */
  readonly force: boolean;
  readonly observe?: (step: UndoStep) => void;
}

/** Throws LoadError when others have changed a table: the filter then stays, so that nothing gets through which neither side drops. */
export async function undo(install: Install, { native, state, force, observe }: Undoing): Promise<void> {
  // Whoever dies in here leaves an owner that is dead, which the next run takes for an order to go on.
  writeInstall(state, { ...install, owner: ownProcess() });
  observe?.('marked');
  try {
    restoreTables(install, state, force);
  } catch (error) {
    writeInstall(state, { ...install, owner: null });
    throw error;
  }
  observe?.('restored');
  for (const { name, before } of install.devices) {
    const attachment = await attachmentOf(native, install.bpffs, name);
    // The run died before it attached anything: what was there goes on.
    if (attachment.kind === 'attached' && attachment.programId === before) continue;
    await detach(native, install.bpffs, name);
    forgetRecord(state, name);
  }
  observe?.('detached');
  forgetInstall(state);
  observe?.('forgotten');
}

/** All of them, or none: each is looked at before the first is restored, and once more just before it is. */
export function restoreTables({ swaps }: Install, state: string, force: boolean): void {
  if (!force) refuseChanged(changedByOthers(swaps), state);
  for (const swap of swaps.toReversed()) {
    if (restore(swap, state, force) === 'changed by others') refuseChanged([swap], state);
  }
}

function refuseChanged(changed: readonly Swap[], state: string): void {
  if (changed.length === 0) return;
  const files = changed.map(
    (swap) => `  ${swap.table} (${swap.name}): the original is in ${keepOriginal(swap, state)}`,
  );
  throw new LoadError({
    errno: 11,
    step: 'restore table',
    message: `tables have been changed since their residual was loaded, so the originals are not put over them:\n${files.join('\n')}`,
    hint:
      'the filter stays attached. Merge the change into the original, load it, and try again; or run `offload detach --force`,' +
      ' which loads the originals and keeps a copy of what it replaces in the state directory',
  });
}
