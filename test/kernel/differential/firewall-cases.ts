/** The rulesets of the suite: those in `rulesets/`, and the project's samples. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { HostFacts } from '../../../src/model/host.js';
import { repository } from '../namespace.js';
import type { FirewallCase } from './firewall-case.js';

const own = join(repository, 'test/kernel/differential/rulesets');
const samples = join(repository, 'samples');

/** Samples that are routers without a host file; the others are servers. */
const routers = new Set(['nft-firewalld', 'nft-kubernetes', 'nft-openwrt']);

function forwards(directory: string, name: string, texts: readonly (string | null)[]): boolean {
  if (directory === own) return !texts.some((text) => text !== null && /^# host$/m.test(text));
  const facts = join(directory, name, 'host.json');
  if (!existsSync(facts)) return routers.has(name);
  const { forwarding } = JSON.parse(readFileSync(facts, 'utf8')) as HostFacts;
  return forwarding.ip === true || forwarding.ip6 === true;
}

/**
 * A directory with rules.v4, rules.v6, ipset.save and ruleset.nft, as far as there are such, and in ip.batch more routes and addresses. The
 * suite's own forward unless a rule file says "# host"; samples as their host file says.
 */
function readCase(directory: string, name: string): FirewallCase {
  const read = (file: string): string | null => {
    const path = join(directory, name, file);
    return existsSync(path) ? rarely(withIncludes(readFileSync(path, 'utf8'), join(directory, name))) : null;
  };
  const [v4, v6, sets, nft] = [read('rules.v4'), read('rules.v6'), read('ipset.save'), read('ruleset.nft')];
  const ip = read('ip.batch')?.trim().split('\n');
  return { name, v4, v6, sets, nft, forwarding: forwards(directory, name, [v4, v6, nft]), ...(ip && { ip }) };
}

/** Files that a ruleset includes in its place: `nft -f -` has no directory to look for them. */
const withIncludes = (text: string, directory: string): string =>
  text.replaceAll(/^[ \t]*include "([^"]+)"[ \t]*$/gm, (_, pattern: string) => {
    const folder = join(directory, dirname(pattern));
    const [before = '', after] = basename(pattern).split('*');
    const isIncluded = (name: string): boolean =>
      after === undefined ? name === before : name.startsWith(before) && name.endsWith(after);
    const names = readdirSync(folder).filter(isIncluded).sort();
    return names.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
  });

/** Limits that do not refill while the frames are sent: only the burst counts, so that nothing depends on time. */
const rarely = (text: string): string =>
  text.replaceAll(
    /(limit(?:-\w+)? (?:rate )?(?:over )?)\d+\/(?:s|sec|second|m|min|minute)\b/g,
    (_, word: string) => `${word}1/hour`,
  );

const casesIn = (directory: string): FirewallCase[] =>
  readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => readCase(directory, name))
    .filter(({ v4, v6, nft }) => v4 !== null || v6 !== null || nft !== null);

export const ownCases = (): FirewallCase[] => casesIn(own);
export const firewallCases = (): FirewallCase[] => [...ownCases(), ...casesIn(samples)];
