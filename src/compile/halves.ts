/** Where the halves of a u64 stand among u32s, on the host for which tables are written: this one. */
const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

export const lowHalf = littleEndian ? 0 : 1;
export const highHalf = 1 - lowHalf;
