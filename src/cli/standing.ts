/** Whether the devices still run the programs of a filter. */
import { attachmentOf } from '../load/attachment.js';
import type { NativeApi } from '../load/native-api.js';
import type { Standing } from '../watch/filter.js';

export interface OwnProgram {
  readonly name: string;
  readonly programId: number;
}

export async function standingOf(native: NativeApi, bpffs: string, own: readonly OwnProgram[]): Promise<Standing> {
  let gone = false;
  for (const { name, programId } of own) {
    const attachment = await attachmentOf(native, bpffs, name);
    switch (attachment.kind) {
      case 'attached':
      case 'elsewhere':
        if (attachment.programId !== programId)
          return { kind: 'taken', how: `another run of offload has replaced the filter on ${name}` };
        gone ||= attachment.kind === 'elsewhere';
        break;
      case 'severed':
        gone = true;
        break;
      case 'none':
        return { kind: 'taken', how: `the filter on ${name} was detached` };
    }
  }
  return { kind: gone ? 'device-gone' : 'own' };
}
