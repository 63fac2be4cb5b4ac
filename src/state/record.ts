/** What is installed, as kept on disk: one JSON file per device and program. */
import type { CounterRun } from './counter-runs.js';

export interface InstalledRecord {
  readonly schemaVersion: 1;
  readonly device: string;
  readonly ifindex: number;
  /** Kernel id of the program: tells which of two records is true after a crash. */
  readonly programId: number;
  readonly mode: 'native' | 'generic';
  readonly bpffs: string;
  /** SHA-256 of what was planned, hexadecimal. */
  readonly planDigest: string;
  /** Dumps that were planned. */
  readonly inputs: readonly string[];
  readonly counters: readonly CounterRun[];
  /** Absolute path of the residual, where one was written. */
  readonly residual: string | null;
  /** ISO 8601. */
  readonly appliedAt: string;
}
