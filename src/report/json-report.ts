/** The Plan as JSON by plan.schema.json, in pieces: 100,000 rules never become one string. One rule, assumption or table a line. */
import type { Plan } from '../plan/plan.js';
import type { PrefilterSummary } from './prefilter-summary.js';

/** Rules per piece: large enough that writing is not one system call a rule. */
const rulesPerPiece = 1000;

const lines = (values: readonly unknown[]): string =>
  values.length === 0 ? '[]' : `[\n    ${values.map((value) => JSON.stringify(value)).join(',\n    ')}\n  ]`;

export function* jsonReport(plan: Plan, prefilter: PrefilterSummary): Generator<string> {
  const inputs = plan.inputs.map(({ file, format, rules, sets, elements }) => ({
    file,
    format,
    rules,
    sets,
    elements,
  }));
  const { rules, full, partial, none, elements } = plan.summary;
  yield `{\n  "schemaVersion": ${plan.schemaVersion},\n  "inputs": ${lines(inputs)},\n`;
  yield `  "devices": ${JSON.stringify(plan.devices)},\n`;
  const { prefixes, ports } = plan.allow;
  yield `  "allow": ${JSON.stringify({ prefixes, ports })},\n`;
  yield `  "summary": ${JSON.stringify({ rules, full, partial, none, elements })},\n`;
  yield '  "rules": [';
  for (let start = 0; start < plan.rules.length; start += rulesPerPiece) {
    const piece = plan.rules.slice(start, start + rulesPerPiece).map(ruleLine);
    yield `${start === 0 ? '' : ','}\n    ${piece.join(',\n    ')}`;
  }
  yield plan.rules.length === 0 ? '],\n' : '\n  ],\n';
  const assumptions = plan.assumptions.map(({ code, statement, status }) => ({ code, statement, status }));
  yield `  "assumptions": ${lines(assumptions)},\n`;
  const tables = prefilter.tables.map(({ name, structure, entries, bytes }) => ({ name, structure, entries, bytes }));
  yield `  "prefilter": {\n    "steps": ${prefilter.steps},\n    "fields": ${JSON.stringify(prefilter.fields)},\n`;
  yield `    "tables": ${lines(tables)}\n  }\n}\n`;
}

/** Named fields only: what the plan carries for other stages stays out of the published form. */
function ruleLine(decision: Plan['rules'][number]): string {
  const { id, family, table, chain, number, file, line, text, offload, reason, hint } = decision;
  const { code, message, blockedBy } = reason;
  return JSON.stringify({
    id,
    family,
    table,
    chain,
    number,
    file,
    line,
    text,
    offload,
    reason: { code, message, blockedBy },
    hint,
  });
}
