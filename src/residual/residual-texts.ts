/** Plan to the texts that stay in netfilter, one for each input that holds rules. Sets stay as they are. */
import type { Input, RuleId } from '../model/ruleset.js';
import type { Plan } from '../plan/plan.js';
import { residualIptables } from './iptables.js';
import { residualNftJson } from './nft-json.js';
import { residualNft } from './nft.js';

export interface ResidualText {
  readonly input: Input;
  readonly text: string;
}

export function residualTexts(plan: Plan): ResidualText[] {
  const full = new Set<RuleId>();
  for (const rule of plan.rules) if (rule.offload === 'full') full.add(rule.id);
  const options = { devices: plan.devices, isFull: (id: RuleId) => full.has(id) };
  return plan.inputs.flatMap((input): ResidualText[] => {
    switch (input.format) {
      case 'iptables-save':
      case 'ip6tables-save': {
        const tables = plan.ruleset.tables.filter((table) => table.file === input.file);
        return [{ input, text: residualIptables(input.text, tables, options) }];
      }
      case 'nft': {
        const tables = plan.ruleset.tables.filter((table) => table.file === input.file);
        return [{ input, text: residualNft(input.nft ?? { text: input.text, includes: [] }, tables, options) }];
      }
      case 'nft-json': {
        const tables = plan.ruleset.tables.filter((table) => table.file === input.file);
        return [{ input, text: residualNftJson(input.text, tables, options) }];
      }
      case 'ipset':
        return [];
    }
  });
}
