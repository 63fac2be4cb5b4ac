/** The library: every pure stage, and the types that pass between them. Attaching is the command's business. */
export { type Diagnostic, type DiagnosticCode, diagnosticCodes, InputError, type Span } from './diagnostic.js';
export type { HostDevice, HostFacts, LocalRoute } from './model/host.js';
export { readRuleset } from './model/read-ruleset.js';
export type { Input, Rule, RuleId, Ruleset, Table } from './model/ruleset.js';
export { createOracle } from './oracle/oracle.js';
export { planRuleset } from './plan/plan-ruleset.js';
export {
  type Assumption,
  type OffloadKind,
  type Plan,
  type PlanOptions,
  type Reason,
  type ReasonCode,
  reasonCodes,
  type RuleDecision,
} from './plan/plan.js';
export { compilePrefilter, type CompileOptions } from './compile/compile.js';
export type { Image } from './compile/image.js';
export { residualTexts, type ResidualText } from './residual/residual-texts.js';
export { jsonReport } from './report/json-report.js';
export { textReport } from './report/text-report.js';
