/** JSON schema as ajv checks it, for the files that people write and the listings that tools print. */
import { Ajv, type AnySchema, type Options } from 'ajv';

/**
 * Our own schemas are not checked against the schema of schemas: compiling that one takes longer than planning a small ruleset, and
 * test/docs/schemas.test.ts does it.
 */
export const newAjv = (schemas: AnySchema[], options: Options = {}): Ajv =>
  new Ajv({ allErrors: true, allowUnionTypes: true, meta: false, validateSchema: false, schemas, ...options });
