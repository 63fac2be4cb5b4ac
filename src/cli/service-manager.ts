/** What a service of Type=notify tells systemd (sd_notify(3)): that it is ready, what it does, and that it is alive. */
import type { NativeApi } from '../load/native-api.js';

export interface ServiceManager {
  /** Assignments as sd_notify(3) has them, a line each. */
  readonly tell: (text: string) => void;
  /** Milliseconds within which it wants to hear `WATCHDOG=1`; null: it does not. */
  readonly watchdog: number | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Not started by systemd, or by a unit of another type: nobody is told anything. */
export function serviceManager(native: NativeApi, environment: Environment = process.env): ServiceManager {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: microseconds, WATCHDOG_PID: pid } = environment;
  if (socket === undefined || socket === '') return { tell: () => undefined, watchdog: null };
  const isOurs = pid === undefined || Number(pid) === process.pid;
  return {
    tell: (text) => native.sendDatagram(socket, Buffer.from(text)),
    watchdog: isOurs && microseconds !== undefined ? Number(microseconds) / 1000 : null,
  };
}
