/** Snapshots of a host: what `offload snapshot` writes, and every command takes as RULESET and as `--host`. */
import type { Ajv, ErrorObject } from 'ajv';
import type { Encoding } from '../host/text-encoding.js';
import type { Check } from '../host/preflight.js';
import { newAjv } from '../json-schema.js';
import type { HostFacts } from '../model/host.js';
import type { InputFormat } from '../model/ruleset.js';
import { CommandError, exitCodes } from './exit-code.js';
import hostSchema from './host-file.schema.json' with { type: 'json' };
import snapshotSchema from './snapshot.schema.json' with { type: 'json' };

export interface Snapshot {
  readonly snapshotVersion: 1;
  /** ISO 8601. */
  readonly takenAt: string;
  readonly host: HostFacts;
  /** What was checked on that host then. */
  readonly checks: readonly (Omit<Check, 'code'> & { readonly code: string })[];
  readonly rulesets: readonly {
    readonly name: string;
    readonly format: InputFormat;
    readonly encoding: Encoding;
    /** Milliseconds since the epoch. */
    readonly takenAt: number;
    readonly text: string;
  }[];
}

/** Told by its first member, which `offload snapshot` writes first. */
export const isSnapshot = (text: string): boolean => /^\s*\{\s*"snapshotVersion"\s*:/.test(text.slice(0, 256));

const expectation = (file: string, why: string): CommandError => new CommandError(exitCodes.input, `${file}: ${why}`);

let compiled: Ajv | undefined;
const ajv = (): Ajv => (compiled ??= newAjv([hostSchema, snapshotSchema]));

/** Throws CommandError (exit 2) that names the place in the file and what was expected there. */
export const parseSnapshot = (file: string, text: string): Snapshot =>
  checked(file, parseJson(file, text), snapshotSchema.$id, 'no snapshot (`offload snapshot` writes them)') as Snapshot;

/** The facts of a host: of a snapshot, or alone. */
export function parseHostFacts(file: string, text: string): HostFacts {
  if (isSnapshot(text)) return parseSnapshot(file, text).host;
  return checked(
    file,
    parseJson(file, text),
    hostSchema.$id,
    'not the facts of a host (`offload snapshot` writes them)',
  ) as HostFacts;
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw expectation(file, `not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function checked(file: string, value: unknown, schema: string, wrong: string): unknown {
  const validate = ajv().getSchema(schema);
  if (validate === undefined) throw new Error(`bug: there is no schema ${schema}`);
  if (validate(value)) return value;
  throw expectation(file, `${wrong}:\n${(validate.errors ?? []).slice(0, 5).map(schemaErrorText).join('\n')}`);
}

/** `  /devices/0/mac must be integer`. */
export function schemaErrorText({ instancePath, message, params }: ErrorObject): string {
  const allowed = 'allowedValues' in params ? `: ${JSON.stringify(params['allowedValues'])}` : '';
  const extra = 'additionalProperty' in params ? `: ${JSON.stringify(params['additionalProperty'])}` : '';
  return `  ${instancePath === '' ? '(top)' : instancePath} ${message ?? 'is wrong'}${allowed}${extra}`;
}
