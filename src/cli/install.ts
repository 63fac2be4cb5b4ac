/** Attach, then take out of netfilter what XDP decides; whatever goes wrong in between is undone in reverse. */
import { randomUUID } from 'node:crypto';
import type { LiveText } from '../host/live/read-live.js';
import { attachmentOf } from '../load/attachment.js';
import type { NativeApi } from '../load/native-api.js';
import type { HostFacts } from '../model/host.js';
import { residualTexts } from '../residual/residual-texts.js';
import { forgetInstall, type Install, writeInstall } from '../state/install.js';
import { ownProcess } from '../state/process-id.js';
import { install as installSwap, requireUnchanged, swapsOf } from '../state/swap.js';
import { restoreTables, undo } from '../state/undo.js';
import { attach, type AttachOptions, type AttachOutcome, type Ready } from './attach.js';
import { CommandError, exitCodes } from './exit-code.js';
import { startGuard } from './guard-command.js';
import type { Planned } from './pipeline.js';
import type { Progress } from './progress.js';

export type InstallStep = 'marked' | 'guarded' | 'restored' | 'attached' | 'recorded' | 'swapped' | 'finished';

export interface InstallOptions extends AttachOptions {
  readonly installResidual?: true;
  /** Seconds. */
  readonly confirm?: number;
}

export interface Installing {
  readonly native: NativeApi;
  readonly planned: Planned;
  /** What was planned for; null where it was not read from this host. */
  readonly live: readonly LiveText[] | null;
  readonly facts: HostFacts;
  /** What an earlier run has installed. */
  readonly before: Install | null;
  readonly options: InstallOptions;
  readonly progress: Progress;
  readonly ready?: Ready;
  readonly observe?: (step: InstallStep) => void;
}

export interface InstallOutcome extends AttachOutcome {
  /** Tables of netfilter that hold a residual now. */
  readonly tables: readonly string[];
}

/** Throws what `attach` throws, and LoadError where the tables cannot be replaced; nothing of it is left then. */
export async function attachAndInstall(installing: Installing): Promise<InstallOutcome> {
  const { planned, facts, options, progress, before, ready } = installing;
  if (options.installResidual || options.confirm !== undefined || before !== null) return withUndo(installing);
  return { ...(await attach(planned, facts, options, progress, ready)), tables: [] };
}

async function withUndo(installing: Installing): Promise<InstallOutcome> {
  const { native, planned, live, facts, options, progress, before, ready, observe } = installing;
  const { state, confirm } = options;
  let now: Install = {
    version: 1,
    bpffs: options.bpffs,
    devices: await devicesBefore(native, planned.plan.devices, options.bpffs),
    owner: ownProcess(),
    confirm: confirm === undefined ? null : { token: randomUUID(), seconds: confirm, deadline: null, guardian: null },
    swaps: before?.swaps ?? [],
  };
  const keep = (next: Partial<Install>): void => writeInstall(state, (now = { ...now, ...next }));
  keep({});
  observe?.('marked');
  if (now.confirm !== null) keep({ confirm: { ...now.confirm, guardian: startGuard(state) } });
  observe?.('guarded');
  try {
    // Netfilter has all rules again before the filter that did without them is replaced.
    restoreTables(now, state, false);
    keep({ swaps: [] });
    observe?.('restored');
    const outcome = await attach(planned, facts, options, progress, ready);
    observe?.('attached');
    if (options.installResidual && live !== null) {
      progress.stage('replacing tables');
      requireUnchanged(live);
      keep({ swaps: swapsOf(live, residualTexts(planned.plan)) });
      observe?.('recorded');
      for (const swap of now.swaps) {
        installSwap(swap);
        observe?.('swapped');
      }
    }
    finish(state, now);
    observe?.('finished');
    return { ...outcome, tables: now.swaps.map(({ table }) => table) };
  } catch (error) {
    await undo(now, { native, state, force: false });
    throw error;
  }
}

function finish(state: string, now: Install): void {
  const { confirm, swaps } = now;
  if (confirm === null && swaps.length === 0) {
    forgetInstall(state);
    return;
  }
  const deadline = confirm === null ? 0 : Date.now() + confirm.seconds * 1000;
  writeInstall(state, { ...now, owner: null, confirm: confirm === null ? null : { ...confirm, deadline } });
}

const devicesBefore = (native: NativeApi, devices: readonly string[], bpffs: string): Promise<Install['devices']> =>
  Promise.all(
    devices.map(async (name) => {
      const attachment = await attachmentOf(native, bpffs, name);
      return { name, before: attachment.kind === 'attached' ? attachment.programId : null };
    }),
  );

/** What an earlier run installed, and this one cannot build upon. */
export function refuseOver(install: Install | null, { live }: { readonly live?: true }): void {
  if (install?.confirm)
    throw new CommandError(
      exitCodes.refused,
      'a change waits to be confirmed: run `offload confirm` to keep it, or `offload detach` to undo it, and try again',
    );
  if (install !== null && install.swaps.length > 0 && !live)
    throw new CommandError(
      exitCodes.refused,
      'netfilter holds a residual that was made for the filter that runs now: plan with --live, or run `offload detach` first',
    );
}
