/**
 * The long run: `npx tsx test/kernel/differential/run.ts [--seed N] [--frames N] [--random N] [--kind iptables|nft|mixed] [--traffic]
 * [--no-conntrack] [--strict] [--jobs N] [--minutes N] [--show N] [--text] [--table FILE] [NAME…]`.
 *
 * Named rulesets (all unless given), then as many random hosts. Prints a line each and its findings (`--text`: also the random ruleset
 * they are in; `--random 1 --seed N` repeats random host N), then what part of the silent drops XDP took; exits with 1 if there is any
 * finding. `--traffic`: frames as the internet sends them instead of edges and traps. Every third random host is without conntrack in XDP, every second one strict.
 * `--table` writes the outcome between the marks in FILE; `--jobs`: so many at a time, 2 unless given; `--minutes`: begin no more after them.
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { dumpsOf } from './firewall-case.js';
import { parseRunArguments, plannedRuns } from './planned-runs.js';
import type { CaseSummary } from './run-case.js';
import type { RunOutcome } from './run-worker.js';
import { createTally } from './tally.js';

const given = parseRunArguments(process.argv.slice(2));
const planned = plannedRuns(given);
const tally = createTally(Number(given.seed), Number(given.frames), given.traffic ? 'traffic' : 'run');
const started = Date.now();
let failed = 0;

function print(report: CaseSummary): void {
  const { name, datagrams, tracked, survived, answered, silent, early, decisions, findings } = report;
  const rules = `${decisions.full} full ${decisions.partial} partial ${decisions.none} none`;
  console.log(
    `${name}: ${datagrams} datagrams (${report.frames} frames): ${survived} through, ${answered} answered, ${silent} dropped, ${early} of them early, ${tracked} passed as tracked · rules ${rules} · ${findings.length} findings`,
  );
  const missed = [...report.missed].sort(([, a], [, b]) => b - a).map(([why, count]) => `${why} ${count}`);
  if (missed.length > 0) console.log(`  not early: ${missed.join(', ')}`);
  for (const found of new Set(findings.map((finding) => finding.kind))) {
    const such = findings.filter((finding) => finding.kind === found);
    console.log(`  ${found}: ${such.length}`);
    for (const { backend, text } of such.slice(0, Number(given.show)))
      console.log(`  [${backend}] ${text.replaceAll('\n', '\n    ')}`);
  }
}

function take({ run, summary, error }: RunOutcome): void {
  const { firewall, group } = planned[run] as (typeof planned)[number];
  if (summary === null) {
    failed++;
    console.log(`${firewall.name}: ${error ?? ''}`);
    return;
  }
  print(summary);
  tally.add(group ?? firewall.name, summary);
  if (summary.findings.length > 0 && group !== null && given.text)
    for (const { text } of dumpsOf(firewall)) console.log(text);
}

/** Resolves when there is nothing left to do for it. */
function work(next: () => number | null): Promise<void> {
  const options = { serialization: 'advanced' } as const;
  const worker = fork(
    join(import.meta.dirname, 'run-worker.ts'),
    ['--seed', given.seed, ...process.argv.slice(2)],
    options,
  );
  const hand = (): void => {
    const run = next();
    if (run === null) worker.disconnect();
    else worker.send(run);
  };
  worker.on('message', (outcome) => {
    take(outcome as RunOutcome);
    hand();
  });
  hand();
  return new Promise((done, fail) => {
    worker.on('error', fail);
    worker.on('exit', (code, signal) => (code === 0 ? done() : fail(new Error(`a worker ended: ${signal ?? code}`))));
  });
}

console.log(`seed ${given.seed}`);
let handed = 0;
const latest = given.minutes === undefined ? Infinity : started + Number(given.minutes) * 60_000;
const next = (): number | null => (handed < planned.length && Date.now() < latest ? handed++ : null);
const jobs = Math.min(Number(given.jobs), planned.length);
await Promise.all(Array.from({ length: jobs }, () => work(next)));
for (const line of tally.lines()) console.log(line);
console.log(
  `${planned.length - failed} of ${planned.length} rulesets in ${Math.round((Date.now() - started) / 1000)} s`,
);
if (given.table !== undefined && failed === 0) await tally.write(given.table);
process.exit(failed === 0 && tally.findings() === 0 ? 0 : 1);
