/** What stays of an nft ruleset that stands in a directory, beside the files it includes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readRuleset } from '../../src/model/read-ruleset.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import { residualTexts } from '../../src/residual/residual-texts.js';
import { webServer } from '../plan/plan-text.js';

export function writeFiles(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
}

export function residualOf(text: string, devices: readonly string[], directory: string): string {
  const { ruleset } = readRuleset([{ file: join(directory, 'nftables.conf'), text, takenAt: null }]);
  const plan = planRuleset(ruleset, { devices, facts: webServer, strict: false });
  return residualTexts(plan)[0]?.text ?? '';
}
