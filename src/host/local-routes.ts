/** Routes that make a destination the host's own, in every table (`ip route show table all`). */
import type { LocalRoute } from '../model/host.js';
import { ipJsonBatch } from './command.js';

interface RouteJson {
  /** Number as text with -N. */
  readonly type?: string | number;
  readonly dst: string;
  /** Number as text with -N; missing for `main`. */
  readonly table?: string | number;
}

/** RTN_…, linux/rtnetlink.h. */
const types: ReadonlyMap<number, LocalRoute['type']> = new Map([
  [2, 'local'],
  [3, 'broadcast'],
  [4, 'anycast'],
  [5, 'multicast'],
]);
const mainTable = 254;

export function readLocalRoutes(): LocalRoute[] {
  return ([4, 6] as const).flatMap((family) =>
    routesOf(family).map(({ type, dst, table }) => {
      const known = types.get(Number(type));
      if (known === undefined)
        throw new Error(`bug: \`ip\` lists a route of type ${String(type)} that was not asked for`);
      return {
        family,
        prefix: cidr(dst, family),
        type: known,
        table: table === undefined ? mainTable : Number(table),
      };
    }),
  );
}

/** One after the other, by one process: a router's other routes are not listed. */
const routesOf = (family: 4 | 6): readonly RouteJson[] =>
  ipJsonBatch(
    [`-${family}`, '-N'],
    [...types.values()].map((type) => `route show table all type ${type}`),
  ) as readonly RouteJson[];

export function cidr(dst: string, family: 4 | 6): string {
  if (dst === 'default') return family === 4 ? '0.0.0.0/0' : '::/0';
  return dst.includes('/') ? dst : `${dst}/${family === 4 ? 32 : 128}`;
}
