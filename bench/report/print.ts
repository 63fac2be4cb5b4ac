/** What a part found, for the terminal. */
import Table from 'cli-table3';
import { figures, sizeText } from '../chart/number-text.js';
import type { PartResult } from '../harness/result.js';
import { goalText } from './document.js';

export function printFindings(result: PartResult): string {
  const style = { head: [], border: [], compact: true };
  const found = new Table({ head: ['what', 'size', 'who', 'median', 'middle half', ''], style });
  for (const { scenario, size, subject, median, low, high, unit } of result.measurements)
    found.push([scenario, size === null ? '' : sizeText(size), subject, figures(median), `${figures(low)}–${figures(high)}`, unit]);
  const goals = new Table({ head: ['goal', 'bound', 'found', ''], style });
  for (const goal of result.goals) goals.push([goal.goal, ...goalText(goal), goal.met ? 'met' : 'missed']);
  const remarks = result.remarks.map((remark) => `left out: ${remark}\n`).join('');
  return `${result.part}, ${result.seconds} s\n${found.toString()}\n${result.goals.length > 0 ? `${goals.toString()}\n` : ''}${remarks}`;
} // prettier-ignore
