/** `--host FILE`: facts of the host whose ruleset is planned for, when planning elsewhere. */
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import type { HostFacts } from '../model/host.js';
import { CommandError, exitCodes } from './exit-code.js';
import schema from './host-file.schema.json' with { type: 'json' };

const unreadable = (file: string, why: string): CommandError => new CommandError(exitCodes.input, `${file}: ${why}`);

/** Throws CommandError (exit 2) that names the path in the file and what was expected there. */
export function readHostFile(file: string): HostFacts {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw unreadable(file, error instanceof SyntaxError ? `not JSON: ${why}` : `cannot be read: ${why}`);
  }
  const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
  const validate = ajv.compile<HostFacts>(schema);
  if (validate(value)) return value;
  const errors = (validate.errors ?? []).slice(0, 5).map(({ instancePath, message, params }) => {
    const allowed = 'allowedValues' in params ? `: ${JSON.stringify(params['allowedValues'])}` : '';
    return `  ${instancePath === '' ? '(top)' : instancePath} ${message ?? 'is wrong'}${allowed}`;
  });
  throw unreadable(file, `not the facts of a host (\`offload snapshot\` writes them):\n${errors.join('\n')}`);
}
