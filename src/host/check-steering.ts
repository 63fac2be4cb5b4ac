/** Receive packet steering: another CPU takes a packet through netfilter than the one that ran XDP, and later. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from './preflight.js';

type Steering = 'on' | 'off' | 'unknown';

/** `rps_cpus`: a mask of CPUs, `00000000,00000000`; 0: each packet stays where it was received. */
function steeringOf(device: string): Steering {
  const queues = join('/sys/class/net', device, 'queues');
  try {
    const receiving = readdirSync(queues).filter((name) => name.startsWith('rx-'));
    const masks = receiving.map((name) => readFileSync(join(queues, name, 'rps_cpus'), 'utf8'));
    return masks.some((mask) => /[1-9a-f]/.test(mask)) ? 'on' : 'off';
  } catch {
    return 'unknown';
  }
}

/** Matters where conntrack is asked: what XDP finds of a connection must be what netfilter finds, packets behind the first one included. */
export function checkSteering(names: readonly string[], read = steeringOf): Check {
  const states = names.map((name) => ({ name, steering: read(name) }));
  const on = states.filter(({ steering }) => steering === 'on').map(({ name }) => name);
  const unknown = states.filter(({ steering }) => steering === 'unknown').map(({ name }) => name);
  const files = on.map((name) => `/sys/class/net/${name}/queues/rx-*/rps_cpus`).join(' ');
  return {
    code: 'receive-order',
    statement: 'packets go through netfilter on the CPU that received them, in order (receive packet steering is off)',
    status: on.length > 0 ? 'violated' : unknown.length > 0 ? 'unchecked' : 'holds',
    detail:
      on.length > 0
        ? `steered on ${on.join(', ')}: run \`for f in ${files}; do echo 0 >$f; done\`, or plan with --no-conntrack`
        : unknown.length > 0
          ? `/sys/class/net/${unknown[0] ?? ''}/queues cannot be read`
          : 'off',
  };
}
