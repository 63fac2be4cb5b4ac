/** How far into a frame a firewall that knows no payload looks. */

/** Longest layer-4 header that a match or the data plane reads of: TCP without options. */
const layer4Bytes = 20;
/** More extension headers than this are not walked by anybody. */
const maxHeaders = 17;

/**
 * Bytes of the frame, from its first, that decide what becomes of it: link, network and layer-4 headers, as far as the frame's own first
 * `captured` bytes tell. More than `captured`: something that decides lies behind them.
 */
export function headersEnd(frame: Uint8Array, captured: number): number {
  const u16 = (at: number): number => ((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0);
  let at = 12;
  while (at + 2 <= captured && (u16(at) === 0x8100 || u16(at) === 0x88a8)) at += 4;
  if (at + 2 > captured) return at + 2;
  const type = u16(at);
  at += 2;
  if (type === 0x0800) {
    if (at + 20 > captured) return at + 20;
    const header = at + ((frame[at] ?? 0) & 15) * 4;
    const fragment = (u16(at + 6) & 0x3fff) !== 0;
    return fragment ? header : Math.min(header + layer4Bytes, Math.max(header, at + u16(at + 2)));
  }
  if (type !== 0x86dd) return at;
  if (at + 40 > captured) return at + 40;
  const end = at + 40 + u16(at + 4);
  return Math.min(behindExtensions(frame, at + 40, frame[at + 6] ?? 0, captured) + layer4Bytes, Math.max(at + 40, end));
}

/** Offset of the first header that is no extension; one behind `captured` where that is not known. */
function behindExtensions(frame: Uint8Array, at: number, next: number, captured: number): number {
  for (let i = 0; i < maxHeaders && (next === 0 || next === 43 || next === 60); i++) {
    if (at + 2 > captured) return captured + 1;
    next = frame[at] ?? 0;
    at += ((frame[at + 1] ?? 0) + 1) * 8;
  }
  return at;
}
