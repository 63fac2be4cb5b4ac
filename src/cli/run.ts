/** The command line as a function: returns the exit code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { InputError } from '../diagnostic.js';
import { LoadError } from '../load/load-error.js';
import { packageRoot } from '../load/package-root.js';
import { diagnosticText } from '../report/diagnostic-text.js';
import { CommandError, exitCodes } from './exit-code.js';
import { applyConfig, defaultConfig } from './config.js';
import { addConfirmCommand } from './confirm-command.js';
import { addDetachCommand } from './detach-command.js';
import { addExplainCommand } from './explain-command.js';
import { addGuardCommand } from './guard-command.js';
import { addInstallServiceCommand } from './install-service-command.js';
import { addOffloadCommand } from './offload-command.js';
import { complain, endQuietlyOnClosedPipe, tell } from './output.js';
import { addReplayCommand } from './replay-command.js';
import { addSaveCommand } from './save-command.js';
import { addSnapshotCommand } from './snapshot-command.js';
import { addStatusCommand } from './status-command.js';
import { addTailCommand } from './tail-command.js';
import { addVerifyCommand } from './verify-command.js';
import { addWatchCommand } from './watch-command.js';

/** Diagnostics printed before the rest is only counted. */
const shownDiagnostics = 20;

export async function run(args: readonly string[]): Promise<number> {
  endQuietlyOnClosedPipe();
  const program = commandLine();
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    return exitCodeOf(error);
  }
}

export function commandLine(): Command {
  const program = new Command('offload');
  program
    .description(
      'Proves which packets a firewall would drop anyway, and drops those in XDP; the rest stays in netfilter.',
    )
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .enablePositionalOptions()
    .showHelpAfterError('(offload --help shows the options)')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'offload: ')) })
    .exitOverride();
  addOffloadCommand(program);
  addReplayCommand(program);
  addVerifyCommand(program);
  addExplainCommand(program);
  program.option('--config <FILE>', `defaults, as JSON; ${defaultConfig} where it is not given`);
  addWatchCommand(program);
  addStatusCommand(program);
  addTailCommand(program);
  addSaveCommand(program);
  addDetachCommand(program);
  addConfirmCommand(program);
  addGuardCommand(program);
  addSnapshotCommand(program);
  addInstallServiceCommand(program);
  for (const command of program.commands) command.exitOverride();
  program.hook('preAction', (_, command) => applyConfig(program, command));
  return program;
}

function version(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
  return version;
}

function exitCodeOf(error: unknown): number {
  // Commander has printed its message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  if (error instanceof CommandError) {
    complain(error.message);
    return error.exitCode;
  }
  if (error instanceof InputError) {
    for (const diagnostic of error.diagnostics.slice(0, shownDiagnostics)) tell(diagnosticText(diagnostic));
    const more = error.diagnostics.length - shownDiagnostics;
    if (more > 0) tell(`… and ${more} more\n`);
    return exitCodes.input;
  }
  if (error instanceof LoadError) {
    complain(error.message);
    return exitCodes.host;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  complain(`this is a bug in offload; nothing was changed. Please report it with these lines:\n${stack}`);
  return exitCodes.refused;
}
