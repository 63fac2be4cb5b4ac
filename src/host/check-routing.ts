/** Routing that decides whether a packet is for the host, and how its source is routed: source routes, policy rules, IPsec. */
import { ipJson } from './command.js';
import { readIpsec } from './ipsec.js';
import { plainRoutes, plainRoutesCode, whyNotPlain } from '../model/plain-routing.js';
import { readRouting } from './routing.js';
import { readSysctl } from './sysctl.js';
import type { Check } from './preflight.js';

/** IPv4 takes a source route if both `all` and the device allow it (kernel: IN_DEV_SOURCE_ROUTE). */
export function checkSourceRouting(names: readonly string[]): Check {
  const refused = readSysctl('ipv4', 'all', 'accept_source_route') === 0;
  const taking = refused ? [] : names.filter((name) => readSysctl('ipv4', name, 'accept_source_route') !== 0);
  return {
    code: 'source-routing',
    statement: 'IP source routing is refused (accept_source_route 0)',
    status: taking.length > 0 ? 'violated' : 'holds',
    detail:
      taking.length > 0
        ? `taken on ${taking.join(', ')}: run \`sysctl net.ipv4.conf.all.accept_source_route=0\``
        : 'refused',
  };
}

type RuleJson = Readonly<Record<string, unknown>>;

const localTable = '255';

export function checkRouteRules(): Check {
  const wrong = (['-4', '-6'] as const).filter((family) => {
    const first = ipJson([family, '-N', '-j', 'rule', 'show'])[0] as RuleJson | undefined;
    // No rules at all: this family is not in the kernel.
    return first !== undefined && !looksUpLocal(first);
  });
  return {
    code: 'route-rules',
    statement: 'the first routing rule looks up the local table',
    status: wrong.length > 0 ? 'violated' : 'holds',
    detail:
      wrong.length > 0
        ? `the first rule of \`ip ${wrong[0]} rule\` is another one: it may send packets for own addresses elsewhere`
        : '0: from all lookup local',
  };
}

function looksUpLocal(rule: RuleJson): boolean {
  const selectors = Object.keys(rule).filter((key) => !['priority', 'src', 'table', 'protocol', 'flags'].includes(key));
  return rule['src'] === 'all' && String(rule['table']) === localTable && selectors.length === 0;
}

export function checkPlainRoutes(): Check[] {
  const routing = readRouting();
  return ([4, 6] as const).map((family): Check => {
    const why = whyNotPlain(routing, family);
    return {
      code: plainRoutesCode(family),
      statement: plainRoutes(family),
      status: why === null ? 'holds' : 'violated',
      detail: why ?? 'the usual rules, and one way for each prefix',
    };
  });
}

export function checkIpsec(): Check {
  const ipsec = readIpsec();
  return {
    code: 'no-ipsec',
    statement: 'no IPsec packets are decrypted on this host',
    status: ipsec === null ? 'unchecked' : ipsec ? 'violated' : 'holds',
    detail:
      ipsec === null
        ? '`ip xfrm` cannot be asked'
        : ipsec
          ? 'there are inbound states or policies: see `ip xfrm state`'
          : 'none',
  };
}
