/** Whether inbound IPsec exists: decrypted packets meet netfilter without having passed XDP in plain text. */
import { askIp } from './command.js';

/** Null when it cannot be told (`ip` missing, no privilege). Errs to true: any state may be an inbound one. */
export function readIpsec(): boolean | null {
  const states = list('state');
  const policies = list('policy');
  if (states === null || policies === null) return null;
  return /^src /m.test(states) || /^\s+(socket )?dir (in|fwd)\b/m.test(withoutSocketPolicies(policies));
}

/** Empty where the kernel has no IPsec. */
function list(what: 'state' | 'policy'): string | null {
  const output = askIp(['xfrm', what]);
  if (output.kind === 'text') return output.stdout;
  if (output.kind === 'failed' && /not supported/i.test(output.stderr)) return '';
  return null;
}

/** Key daemons exempt their own sockets by policies: these transform nothing. */
const withoutSocketPolicies = (text: string): string => text.replaceAll(/^\s+socket .*$/gm, '');
