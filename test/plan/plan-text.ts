/** Plans a ruleset written in a test: the whole way from text to decisions. */
import type { HostFacts } from '../../src/model/host.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import type { Plan, PlanOptions } from '../../src/plan/plan.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';

/** A host with one address, forwarding off. */
export const webServer = {
  forwarding: { ip: false, ip6: false },
  localRoutes: [
    { family: 4, prefix: '127.0.0.0/8', type: 'local', table: 255 },
    { family: 4, prefix: '192.0.2.1/32', type: 'local', table: 255 },
    { family: 4, prefix: '192.0.2.255/32', type: 'broadcast', table: 255 },
    { family: 6, prefix: '::1/128', type: 'local', table: 255 },
    { family: 6, prefix: '2001:db8::1/128', type: 'local', table: 255 },
  ],
  devices: [{ name: 'eth0', ifindex: 2, mac: 0x020000000001, mtu: 1500, kind: 'veth', master: null, upper: [] }],
  ipsec: false,
} satisfies HostFacts;

export const router = { ...webServer, forwarding: { ip: true, ip6: true } } satisfies HostFacts;

export interface PlanTextOptions {
  readonly facts?: HostFacts | null;
  readonly devices?: readonly string[];
  readonly strict?: boolean;
  readonly conntrack?: boolean;
  readonly files?: Readonly<Record<string, string>>;
  readonly maxSteps?: PlanOptions['maxSteps'];
}

/** One IPv4 table `filter` from rule lines; policies ACCEPT unless declared otherwise. */
export function filter(
  rules: string,
  declarations = ':INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]',
): string {
  return table('filter', rules, declarations);
}

export function table(name: string, rules: string, declarations: string): string {
  return `*${name}\n${declarations}\n${rules.trim()}\nCOMMIT\n`;
}

export function planText(text: string, options: PlanTextOptions = {}): Plan {
  const files = { ...(text === '' ? {} : { 'rules.v4': text }), ...options.files };
  const inputs = Object.entries(files).map(([file, content]) => ({ file, text: content, takenAt: null }));
  const { ruleset } = readRuleset(inputs);
  const facts = options.facts === undefined ? webServer : options.facts;
  return planRuleset(ruleset, {
    devices: options.devices ?? ['eth0'],
    facts,
    strict: options.strict ?? false,
    conntrack: options.conntrack ?? false,
    ...(options.maxSteps && { maxSteps: options.maxSteps }),
  });
}

/** `chain number: offload code` for every rule, in order; the family and table only where there are several. */
export function decisions(plan: Plan): Record<string, string> {
  const several = new Set(plan.rules.map(({ family, table: name }) => `${family} ${name}`)).size > 1;
  return Object.fromEntries(
    plan.rules.map(({ id, chain, number, offload, reason }) => [
      several ? id : `${chain} ${number === null ? 'policy' : String(number)}`,
      `${offload} ${reason.code}`,
    ]),
  );
}
