/** A verification that found nothing, and how far that goes. */
import type { Verification } from '../verify/verify.js';
import type { Coverage } from '../verify/coverage.js';
import { printable } from './printable.js';
import { count, counted } from './quantity.js';
import type { TextStyle } from './text-style.js';

export interface VerifiedDevice {
  readonly device: string;
  readonly verification: Verification;
  readonly coverage: Coverage;
  /** Sentences about the run that a reader must know. */
  readonly notes: readonly string[];
}

export function verificationReport(verified: VerifiedDevice, { colors }: TextStyle): string {
  const { device, verification, coverage, notes } = verified;
  const { drop, lost, pass, depends } = verification.outcomes;
  const early = drop.dropped + lost.dropped + pass.dropped + depends.dropped;
  const netfilter = drop.dropped + drop.passed;
  return [
    colors.bold(`Verified for ${printable(device)}`),
    `  ${counted(verification.frames, 'frame')} from the boundaries of every rule, run through the loaded program`,
    `  ${colors.green('0 differences')}: no drop that netfilter might not have made, no packet of an offloaded rule passed, every step and counter as planned`,
    `  ${count(netfilter)} dropped by netfilter for certain, ${count(drop.dropped)} of them early; ${count(early)} dropped early in all`,
    ...notes.map((note) => `  ${note}`),
    '',
    colors.bold('What the frames reached'),
    coverageLine('steps', 'that decide', coverage.steps.met, coverage.steps.steps),
    ...(coverage.lists === null
      ? []
      : [coverageLine('ip lists', 'entries that decide', coverage.lists.met, coverage.lists.entries)]),
    ...coverage.fields.map(({ family, field, classes, met }) =>
      coverageLine(`${family === 4 ? 'ip' : 'ip6'} ${field}`, 'classes', met, classes),
    ),
    '',
  ]
    .map((line) => `${line}\n`)
    .join('');
}

const coverageLine = (name: string, what: string, met: number, all: number): string =>
  `  ${name.padEnd(16)}  ${count(met)} of ${count(all)} ${what}`;
