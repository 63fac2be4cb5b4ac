/** The environment said no: privilege, kernel, device, disk. Not for wrong inputs, not for bugs. */
import type { NativeError } from './native-api.js';

/** Lines of a verifier log that tell why: the last ones, without the statistics. */
const tellingLines = 8;

export interface LoadFailure {
  /** Positive errno, 0 where no system call failed. */
  readonly errno: number;
  /** What was being done: `load program`, `create link` … */
  readonly step: string;
  readonly message: string;
  readonly verifierLog?: string;
  /** One sentence: what to do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
}

export class LoadError extends Error {
  readonly errno: number;
  readonly step: string;
  readonly verifierLog: string | null;
  readonly hint: string | null;

  constructor(failure: LoadFailure) {
    super(compose(failure), { cause: failure.cause });
    this.name = 'LoadError';
    this.errno = failure.errno;
    this.step = failure.step;
    this.verifierLog = failure.verifierLog ?? null;
    this.hint = failure.hint ?? null;
  }
}

function compose({ message, verifierLog, hint }: LoadFailure): string {
  const telling = verifierLog === undefined ? [] : tellingLinesOf(verifierLog).map((line) => `  | ${line}`);
  return [message, ...telling, ...(hint === undefined ? [] : [`  hint: ${hint}`])].join('\n');
}

/** `processed N insns …`, `verification time …` and `stack depth …` say nothing of the reason. */
export function tellingLinesOf(log: string): string[] {
  const lines = log
    .split('\n')
    .filter(
      (line) => line.trim() !== '' && !/^(processed \d+ insns|verification time|stack depth|mark_precise)/.test(line),
    );
  return lines.slice(-tellingLines);
}

export const isNativeError = (error: unknown): error is NativeError =>
  error instanceof Error && typeof (error as Partial<NativeError>).errno === 'number' && 'step' in error;

/** Turns what the addon threw into a LoadError that says what was being attempted and what to do; leaves everything else alone. */
export function explainNative(error: unknown, doing: string): unknown {
  if (!isNativeError(error)) return error;
  const hint = hintFor(error);
  return new LoadError({
    errno: error.errno,
    step: error.step,
    message: `${doing}: ${error.message}`,
    ...(error.log === undefined ? {} : { verifierLog: error.log }),
    ...(hint === null ? {} : { hint }),
    cause: error,
  });
}

function hintFor(error: NativeError): string | null {
  switch (error.code) {
    case 'EACCES':
      return process.getuid?.() === 0 ? null : 'run it as root';
    case 'EPERM':
      return process.getuid?.() === 0
        ? 'the process lacks CAP_BPF or CAP_NET_ADMIN, or the kernel is locked down; run it outside the container'
        : 'run it as root (CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON are needed)';
    case 'E2BIG':
      return 'the program or a map is too large for this kernel; plan with fewer rules';
    case 'ENOMEM':
      return 'the kernel is out of memory for BPF maps; free memory or lower the limits of the cgroup';
    case 'EOPNOTSUPP':
      return 'the driver of this device has no native XDP; try --mode generic';
    case 'ERANGE':
      return 'the MTU of the device is too large for native XDP; lower it or try --mode generic';
    case 'ENODEV':
      return 'the device is gone';
    case 'ENOSPC':
      return error.step === 'load program' ? 'the verifier log did not fit its buffer; please report this' : null;
    default:
      return error.log === undefined
        ? null
        : 'this kernel is older than the program expects, or this is a bug: please report it with the lines above';
  }
}

/** Runs `call`; what the addon throws comes out as a LoadError. */
export async function explaining<T>(doing: string, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw explainNative(error, doing);
  }
}
