/** Which changes may make a drop wrong, so that everything passes before anything is found out about them. */
import type { HostChange } from '../follow/change.js';

export type SetOverturned = Extract<HostChange, { readonly kind: 'set' }>;

export const passesFirst = (change: HostChange): change is Exclude<HostChange, { readonly kind: 'elements' | 'set' }> =>
  change.kind === 'network' || change.kind === 'lost' || (change.kind === 'rules' && !change.addsDropsOnly);
