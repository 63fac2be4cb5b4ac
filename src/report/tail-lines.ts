/** Sampled drops as lines: for people, or a JSON object each. */
import { describeFrame } from '../oracle/describe-frame.js';
import { vlanOf } from '../oracle/decode-frame.js';
import type { CountedRule } from '../sample/counted-rule.js';
import type { TappedSample } from '../sample/tap.js';
import { printable } from './printable.js';
import { ruleBody } from './rule-body.js';
import type { TextStyle } from './text-style.js';

/** Larger than any frame that XDP sees. */
const maxLength = 70_000;

/** ISO 8601 in UTC, with microseconds. */
function timeText(time: bigint): string {
  const microseconds = String((time / 1000n) % 1_000_000n).padStart(6, '0');
  return `${new Date(Number(time / 1_000_000n)).toISOString().slice(0, 19)}.${microseconds}Z`;
}

/** What the sample lacks reads as zeros: an interpreter of headers wants the whole length. */
function frameText({ frame, length }: TappedSample): string {
  const whole = new Uint8Array(Math.min(Math.max(length, frame.length), maxLength));
  whole.set(frame);
  return describeFrame(whole, null, vlanOf(whole));
}

/** One line; safe for a terminal, whatever the rule's text holds. */
export function ruleLine(rule: CountedRule | null): string {
  if (rule === null) return 'rule not recorded';
  const element = rule.element === null ? '' : ` (element ${rule.element.index + 1} of ${rule.element.set})`;
  return printable(`${rule.rule}${element}  ${ruleBody(rule.text)}`.trim());
}

export function tailText(sample: TappedSample, { colors }: TextStyle): string {
  const at = colors.dim(`${timeText(sample.time).slice(11, -1)} ${printable(sample.device)}`);
  return `${at} ${frameText(sample)}  ${colors.dim(ruleLine(sample.rule))}\n`;
}

/** As tail.schema.json says. */
export function tailJson(sample: TappedSample): string {
  const { time, device, counter, rule, length, frame, weight } = sample;
  return `${JSON.stringify({
    schemaVersion: 1,
    time: timeText(time),
    device,
    rule: rule?.rule ?? null,
    text: rule?.text ?? null,
    element: rule?.element ?? null,
    counter,
    length,
    oneIn: Math.max(1, Math.round(weight)),
    packet: frameText(sample),
    frame: Buffer.from(frame).toString('hex'),
  })}\n`;
}
