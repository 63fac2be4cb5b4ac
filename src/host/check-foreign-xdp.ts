/** Somebody else's XDP program is never replaced; with `--chain` there must be one that calls ours, with `--before` one that ours may call. */
import { checkDevice, type Mode } from '../load/attach.js';
import { checkChain } from '../load/attach-chain.js';
import { attachmentOf, holderOf } from '../load/attachment.js';
import type { Chain } from '../load/chain.js';
import { LoadError } from '../load/load-error.js';
import type { NativeApi } from '../load/native-api.js';
import { linkState, type XdpOnDevice } from '../load/xdp-on-device.js';
import type { Place } from './places.js';
import type { Check } from './preflight.js';
import { openTheirs, runsOn, type Theirs } from '../load/theirs.js';
import { attachedBy, isHeldByLink, pinnedName } from './xdp-holders.js';

const statement = 'no other XDP program runs on the devices';

export async function checkForeignXdp(native: NativeApi, places: readonly Place[], bpffs: string): Promise<Check> {
  const ours = [...sharedPlaces(places)];
  const found: string[] = [];
  for (const { device, at } of places) {
    const attachment = await attachmentOf(native, bpffs, device.name);
    const own = attachment.kind === 'attached' && attachment.seat.kind !== 'chain' ? attachment.programId : null;
    for (const { name } of new Set([at, device])) {
      const xdp = linkState(name)?.xdp ?? null;
      if (xdp === null || xdp.programId === own) continue;
      const holder = holderOf(native, bpffs, xdp.programId);
      if (holder !== null) ours.push(`the filter of ${holder} is on ${name}, which has room for one XDP program`);
      else {
        const how = attachedBy(native, name, xdp.programId);
        found.push(`XDP program ${xdp.programId} ${nameOf(native, xdp)} runs on ${name} (${xdp.mode} mode), ${how}`);
      }
    }
  }
  if (found.length > 0)
    return {
      code: 'no-foreign-xdp',
      statement,
      status: 'violated',
      detail: `${found.join('; ')}: remove it with its own tool; or name its bpffs by --bpffs if it is offload's; or, where it calls others by an array of programs, let it call offload: --chain PIN:INDEX; or, where it is pinned and no link holds it, have it called by offload: --before PIN`,
    };
  if (ours.length > 0)
    return {
      code: 'no-foreign-xdp',
      statement,
      status: 'violated',
      detail: `${ours.join('; ')}: \`offload detach\` takes a filter off; VLAN devices can be covered by themselves, in a run with --mode generic`,
    };
  return { code: 'no-foreign-xdp', statement, status: 'holds', detail: 'none, or offload’s own' };
}

/** Several of the devices are to be covered through one. */
function* sharedPlaces(places: readonly Place[]): Generator<string> {
  for (const at of new Set(places.map((place) => place.at))) {
    const covered = places.filter((place) => place.at === at).map(({ device }) => device.name);
    if (covered.length > 1)
      yield `${at.name} has room for one XDP program, and ${covered.join(' and ')} would have theirs there`;
  }
}

function nameOf(native: NativeApi, { programId, programName }: XdpOnDevice): string {
  const name = programName === '?' ? pinnedName(native, programId) : programName;
  return name === null ? '(whose name is told to CAP_SYS_ADMIN only)' : `"${name}"`;
}

/** The same for a filter that is called. The second check is what nobody can look up. */
export async function checkCaller(
  native: NativeApi,
  names: readonly string[],
  bpffs: string,
  chain: Chain,
): Promise<readonly Check[]> {
  const problem = await problemOf(native, names, bpffs, chain);
  const statement = 'an XDP program on the device can call the filter';
  const caller = names.map((name) => linkState(name)?.xdp?.programName ?? '?').join(', ');
  return [
    problem === null
      ? { code: 'no-foreign-xdp', statement, status: 'holds', detail: `"${caller}" uses ${chain.pin}` }
      : { code: 'no-foreign-xdp', statement, status: 'violated', detail: problem },
    {
      code: 'chain-caller',
      statement: `what "${caller}" calls the filter for, it would have passed to the stack`,
      status: 'unchecked',
      detail: 'what it does not call it for is netfilter’s alone',
    },
  ];
}

/** The same for a filter that hands on what it passes. */
export async function checkTheirs(
  native: NativeApi,
  names: readonly string[],
  { bpffs, mode, before }: { readonly bpffs: string; readonly mode: Mode; readonly before: string },
): Promise<readonly Check[]> {
  let theirs: Theirs | null = null;
  const problem = await problemIn(async () => {
    theirs = await openTheirs(native, before);
    for (const name of names) {
      await checkDevice(native, bpffs, { name }, mode, theirs);
      if (runsOn(name, theirs)) refuseLinked(native, name, theirs);
    }
  });
  const named = (theirs as Theirs | null)?.name ?? '?';
  (theirs as Theirs | null)?.program.close();
  const statement = `the filter can hand packets to the program that is pinned at ${before}`;
  return [
    problem === null
      ? { code: 'no-foreign-xdp', statement, status: 'holds', detail: `it is "${named}"` }
      : { code: 'no-foreign-xdp', statement, status: 'violated', detail: problem },
    {
      code: 'before-theirs',
      statement: `what the filter drops, "${named}" would have passed to the stack as it is`,
      status: 'unchecked',
      detail: 'a packet that it would have answered, redirected or changed, netfilter would not have seen so',
    },
  ];
}

function refuseLinked(native: NativeApi, device: string, { id, name }: Theirs): void {
  if (!isHeldByLink(native, id)) return;
  throw new LoadError({
    errno: 16,
    step: 'check place',
    message: `XDP program ${id} "${name}" runs on ${device}, ${attachedBy(native, device, id)}: nobody else can put the filter in its place`,
    hint: 'have its owner let go of the link and keep the program pinned: --before then attaches the filter and calls it',
  });
}

const problemOf = (native: NativeApi, names: readonly string[], bpffs: string, chain: Chain): Promise<string | null> =>
  problemIn(async () => {
    for (const name of names) await checkChain(native, bpffs, name, chain);
  });

async function problemIn(check: () => Promise<void>): Promise<string | null> {
  try {
    await check();
    return null;
  } catch (error) {
    if (error instanceof LoadError) return error.message;
    throw error;
  }
}
