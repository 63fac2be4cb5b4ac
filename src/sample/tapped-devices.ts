/** The filters that run now, as somebody who listens to them must tell them apart. */
import { existsSync } from 'node:fs';
import { holdsPins } from '../load/bpffs.js';
import { pinnedDevices } from '../load/attachment.js';
import { withDescriptor } from '../load/descriptor.js';
import { explaining } from '../load/load-error.js';
import type { NativeApi } from '../load/native-api.js';
import { linkPin } from '../load/pins.js';

export interface Tapped {
  readonly device: string;
  readonly ifindex: number;
  readonly programId: number;
}

/** Asked of the pinned links alone, so it costs next to nothing. Devices of other network namespaces are among them. Throws LoadError. */
export async function tappedDevices(
  native: NativeApi,
  bpffs: string,
  wanted: readonly string[] | null,
): Promise<readonly Tapped[]> {
  if (!holdsPins(bpffs)) return [];
  return explaining('cannot read what is attached', () =>
    (wanted ?? pinnedDevices(bpffs)).flatMap((device): Tapped[] => {
      const pin = linkPin(bpffs, device);
      if (!existsSync(pin)) return [];
      const { ifindex, programId } = withDescriptor(native, native.openPinned(pin), (link) => native.linkInfo(link));
      // 0: the device is gone.
      return ifindex === 0 ? [] : [{ device, ifindex, programId }];
    }),
  );
}
