/** Plan to the texts that stay in netfilter, one for each input that holds rules. Sets stay as they are. */
import type { Input } from '../model/ruleset.js';
import type { Plan } from '../plan/plan.js';
import { FullRules } from './full-rules.js';
import { residualIptables, type ResidualOptions } from './iptables.js';
import { residualNftJson } from './nft-json.js';
import { residualNft } from './nft.js';

export interface ResidualText {
  readonly input: Input;
  readonly text: string;
  /** What `text` consists of, made when it is asked for. */
  readonly pieces: () => Iterable<string>;
}

export function residualTexts(plan: Plan): ResidualText[] {
  const options = { devices: plan.devices, full: new FullRules(plan.rules) };
  return plan.inputs
    .filter(({ format }) => format !== 'ipset')
    .map((input) => {
      const pieces = (): Iterable<string> => residualOf(plan, input, options);
      return {
        input,
        pieces,
        get text() {
          return [...pieces()].join('');
        },
      };
    });
}

function residualOf(plan: Plan, input: Input, options: ResidualOptions): Iterable<string> {
  const tables = plan.ruleset.tables.filter((table) => table.file === input.file);
  switch (input.format) {
    case 'iptables-save':
    case 'ip6tables-save':
      return residualIptables(input.text, tables, options);
    case 'nft':
      return [residualNft(input.nft ?? { text: input.text, includes: [] }, tables, options)];
    case 'nft-json':
      return [residualNftJson(input.text, tables, options)];
    case 'ipset':
      return [];
  }
}
