/** Exit codes of every command, and the error that carries one. Design: 0 done, 1 usage, 2 input, 3 host, 4 refused. */
export const exitCodes = {
  done: 0,
  /** The command line is wrong. */
  usage: 1,
  /** An input cannot be read or understood. */
  input: 2,
  /** This host can't: privilege, kernel, device, disk. */
  host: 3,
  /** Verification failed, an assumption is violated, or offload itself is at fault: nothing was proved, so nothing is applied. */
  refused: 4,
} as const;

/** Ends the command with `exitCode`; the message is printed as it stands. */
export class CommandError extends Error {
  constructor(
    readonly exitCode: number,
    message: string,
  ) {
    super(message);
    this.name = 'CommandError';
  }
}

export const usageError = (message: string): CommandError => new CommandError(exitCodes.usage, message);
