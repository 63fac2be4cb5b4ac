/** Routes that make a destination the host's own, in every table (`ip route show table all`). */
import type { LocalRoute } from '../model/host.js';
import { ipJson } from './command.js';

interface RouteJson {
  readonly dst: string;
  /** Number as text with -N; missing for `main`. */
  readonly table?: string | number;
}

const types = ['local', 'broadcast', 'anycast', 'multicast'] as const;
const mainTable = 254;

export function readLocalRoutes(): LocalRoute[] {
  return ([4, 6] as const).flatMap((family) =>
    types.flatMap((type) =>
      routesOf(family, type).map(({ dst, table }) => ({
        family,
        prefix: cidr(dst, family),
        type,
        table: table === undefined ? mainTable : Number(table),
      })),
    ),
  );
}

const routesOf = (family: 4 | 6, type: LocalRoute['type']): readonly RouteJson[] =>
  ipJson([`-${family}`, '-N', '-j', 'route', 'show', 'table', 'all', 'type', type]) as readonly RouteJson[];

export function cidr(dst: string, family: 4 | 6): string {
  if (dst === 'default') return family === 4 ? '0.0.0.0/0' : '::/0';
  return dst.includes('/') ? dst : `${dst}/${family === 4 ? 32 : 128}`;
}
