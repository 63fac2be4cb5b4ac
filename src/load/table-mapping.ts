/** The value of the map `tables` in this process's memory: what is stored there, running programs see (src/update). */
import type { Descriptor } from './descriptor.js';
import type { NativeApi } from './native-api.js';

export interface TableMapping {
  readonly bytes: Uint8Array;
  /** Leaves `bytes` empty. */
  readonly close: () => void;
}

/** `tables`: of what was loaded just now, or of the program that runs on a device (`openMaps` in attachment.ts). Throws NativeError. */
export function mapTables(native: NativeApi, tables: Descriptor): TableMapping {
  const memory = native.mapMemory(tables.fd);
  return { bytes: new Uint8Array(memory), close: () => native.unmapMemory(memory) };
}
