import type { FirewallCase } from './firewall-case.js';
export function randomCase(seed: number): FirewallCase { throw new Error(String(seed)); }
