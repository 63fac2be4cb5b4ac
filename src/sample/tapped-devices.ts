/** The filters that run now, as somebody who listens to them must tell them apart. */
import { existsSync } from 'node:fs';
import { holdsPins } from '../load/bpffs.js';
import { attachmentOf, pinnedDevices } from '../load/attachment.js';
import { withDescriptor } from '../load/descriptor.js';
import { explaining } from '../load/load-error.js';
import type { NativeApi } from '../load/native-api.js';
import { linkPin } from '../load/pins.js';

export interface Tapped {
  readonly device: string;
  readonly ifindex: number;
  readonly programId: number;
}

/** Devices of other network namespaces are among them. Throws LoadError. */
export async function tappedDevices(
  native: NativeApi,
  bpffs: string,
  wanted: readonly string[] | null,
): Promise<readonly Tapped[]> {
  if (!holdsPins(bpffs)) return [];
  const tapped = await Promise.all((wanted ?? pinnedDevices(bpffs)).map((device) => tappedOf(native, bpffs, device)));
  return tapped.filter((one) => one !== null);
}

/** Asked of the pinned link alone, so it costs next to nothing; where no link holds ours, of what runs on the device. */
async function tappedOf(native: NativeApi, bpffs: string, device: string): Promise<Tapped | null> {
  const pin = linkPin(bpffs, device);
  if (!existsSync(pin)) {
    const attachment = await attachmentOf(native, bpffs, device);
    return attachment.kind === 'attached' ? { device, ...pick(attachment) } : null;
  }
  const link = await explaining('cannot read what is attached', () =>
    withDescriptor(native, native.openPinned(pin), (fd) => native.linkInfo(fd)),
  );
  // 0: the device is gone.
  return link.ifindex === 0 ? null : { device, ...pick(link) };
}

const pick = ({ ifindex, programId }: Omit<Tapped, 'device'>): Omit<Tapped, 'device'> => ({ ifindex, programId });
