/** Every schema is one: at run time they are not checked (src/json-schema.ts). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import test from 'ava';

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.schema.json'));

test('there are schemas', (t) => {
  t.true(files.length >= 6);
});

for (const file of files) {
  test(`src/${file} is a valid schema`, (t) => {
    const schema = JSON.parse(readFileSync(join('src', file), 'utf8')) as object;
    const ajv = new Ajv({ allowUnionTypes: true, strict: false });
    t.true(ajv.validateSchema(schema), JSON.stringify(ajv.errors));
  });
}
