/** Frames of a VLAN device as they arrive on the device it stands on, and among them such as it does not get. */
import type { VlanTag } from '../model/host.js';
import { frameAt, packFrames, type FrameBatch, type OriginFrame } from './frame-batch.js';
import { write16 } from './network-order.js';

/** Type and control information (priority, drop eligibility, id) of a tag. */
type Tag = readonly [type: number, control: number];

function withTags(frame: Uint8Array, tags: readonly Tag[]): Uint8Array {
  const tagged = new Uint8Array(frame.length + 4 * tags.length);
  tagged.set(frame.subarray(0, 12));
  tags.forEach(([type, control], i) => {
    write16(tagged, 12 + 4 * i, type);
    write16(tagged, 14 + 4 * i, control);
  });
  tagged.set(frame.subarray(12), 12 + 4 * tags.length);
  return tagged;
}

const [customer, service] = [0x8100, 0x88a8] as const;

type Variant = readonly [name: string, tags: readonly Tag[]];

function variantsOf({ type, id }: VlanTag): readonly Variant[] {
  const own: Tag = [type, id];
  const other: Tag = [type, id ^ 1];
  return [
    ['without the tag', []],
    ['behind a priority tag', [[customer, 0xe000], own]],
    ['behind a service priority tag', [[service, 0], own]],
    ['before a priority tag', [own, [customer, 0]]],
    ['among priority tags', [[customer, 0], [service, 0], own, [service, 0], [customer, 0x1000]]],
    ['a tag of the other type', [[type === customer ? service : customer, id]]],
    ['a tag of an old type', [[0x9100, id]]],
    ['another VLAN', [other]],
    ['a VLAN that differs in its highest bit', [[type, id ^ 0x800]]],
    ['VLAN 4095', [[type, 0xffff]]],
    ['a priority tag only', [[type, 0]]],
    ['the tag twice', [own, own]],
    ['in another VLAN', [other, own]],
    ['another VLAN within', [own, other]],
  ]; // prettier-ignore
}

/** Frames for one of which there is also a variant. */
const every = 4;

/**
 * Each frame with the tag, of all priorities in turn, and every fourth also as what differs from that. Batches grow by a quarter.
 * @param batches As the VLAN device would hand them on.
 */
export function* vlanFrames(batches: Iterable<FrameBatch>, tag: VlanTag): Generator<FrameBatch> {
  const variants = variantsOf(tag);
  let count = 0;
  for (const batch of batches) {
    const frames: OriginFrame[] = [];
    batch.origins.forEach((origin, i) => {
      const frame = frameAt(batch, i);
      const at = count++;
      frames.push({ origin, frame: withTags(frame, [[tag.type, ((at & 15) << 12) | tag.id]]) });
      if (at % every !== 0) return;
      const [name, tags] = variants[(at / every) % variants.length]!;
      frames.push({ origin: `${origin}: ${name}`, frame: withTags(frame, tags) });
    });
    yield packFrames(frames);
  }
}
