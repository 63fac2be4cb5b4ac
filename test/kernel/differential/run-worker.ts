/** Carries out runs of a long run, one after the other, as it is told their numbers. */
import { withNamespaces } from '../namespace.js';
import { parseRunArguments, plannedRuns, type PlannedRun } from './planned-runs.js';
import { runCase, type CaseSummary } from './run-case.js';
import { trafficDatagrams } from './traffic.js';

/** Of run number `run`: its outcome, or why it has none. */
export interface RunOutcome {
  readonly run: number;
  readonly summary: CaseSummary | null;
  readonly error: string | null;
}

async function carryOut({ firewall, seed, frames, conntrack, strict, traffic }: PlannedRun): Promise<CaseSummary> {
  const given = traffic ? { flows: [], datagrams: trafficDatagrams(firewall, frames, seed) } : {};
  return withNamespaces({ log: console.error }, async (net) => {
    const { summary } = await runCase(net, firewall, { seed, frames, conntrack, strict, ...given });
    return summary;
  });
}

const planned = plannedRuns(parseRunArguments(process.argv.slice(2)));
// Nobody is left to tell: the namespaces are cleaned up on the way out.
process.on('disconnect', () => process.exit(0));
process.on('message', (run: number) => {
  carryOut(planned[run] as PlannedRun).then(
    (summary) => process.send?.({ run, summary, error: null } satisfies RunOutcome),
    (error: unknown) => {
      const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.send?.({ run, summary: null, error: told } satisfies RunOutcome);
    },
  );
});
