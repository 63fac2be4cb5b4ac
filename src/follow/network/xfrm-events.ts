/** IPsec: states and policies (linux/xfrm.h). What is told says no more than that some changed. */
import type { NetworkEvents } from './network-source.js';

/** `XFRM_MSG_…` */
const states = new Set([0x10, 0x11, 0x1a, 0x1c]);
const policies = new Set([0x13, 0x14, 0x19, 0x1d]);

export const xfrmEvents: NetworkEvents = {
  name: 'IPsec',
  protocol: 6,
  // XFRMNLGRP_SA, XFRMNLGRP_POLICY
  groups: [3, 4],
  requests: [],
  changeOf: (_, { type }) =>
    states.has(type) ? { what: 'IPsec state changed' } : policies.has(type) ? { what: 'IPsec policy changed' } : null,
};
