/** tc ingress runs after XDP and before netfilter: what stands there may rewrite, redirect or drop. */
import type { HostDevice } from '../model/host.js';
import type { NativeApi } from '../load/native-api.js';
import { run } from './command.js';
import type { Check } from './preflight.js';

/** BPF_TCX_INGRESS and BPF_NETKIT_PEER, enum bpf_attach_type (kernel 6.6 and 6.7). */
const tcxIngress = 46;

interface QdiscJson {
  readonly kind: string;
  readonly ingress_block?: number;
}

export function checkTcIngress(native: NativeApi, devices: readonly HostDevice[]): Check {
  const statement = 'no tc ingress program or action rewrites or redirects packets of the covered devices';
  const found: string[] = [];
  for (const { name, ifindex } of devices) {
    const tcx = native.queryPrograms(ifindex, tcxIngress);
    if (tcx.length > 0) found.push(`${name} has tcx ingress programs (${tcx.join(', ')})`);
    const filters = filtersOf(name);
    if (filters === null) {
      return {
        code: 'no-tc-ingress',
        statement,
        status: 'unchecked',
        detail: `tc is not installed or fails, so ${name} was not asked`,
      };
    }
    if (filters) found.push(`${name} has tc ingress filters: see \`tc filter show dev ${name} ingress\``);
  }
  return {
    code: 'no-tc-ingress',
    statement,
    status: found.length > 0 ? 'violated' : 'holds',
    detail: found.length > 0 ? found.join('; ') : 'no filters at tc ingress',
  };
}

/** Null when tc cannot say. A shared block counts as filters: they are kept elsewhere. */
function filtersOf(device: string): boolean | null {
  const qdiscs = run('tc', ['-j', 'qdisc', 'show', 'dev', device]);
  const filters = run('tc', ['-j', 'filter', 'show', 'dev', device, 'ingress']);
  if (qdiscs.kind !== 'text' || filters.kind !== 'text') return null;
  const shared = (JSON.parse(qdiscs.stdout || '[]') as QdiscJson[]).some(
    ({ ingress_block }) => ingress_block !== undefined,
  );
  return shared || (JSON.parse(filters.stdout || '[]') as unknown[]).length > 0;
}
