/** What stays of nft rulesets loads with nft, on an empty host and over itself, which leaves the same; so does its JSON. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { nftCases } from '../residual/nft-cases.js';
import { residualOf, writeFiles } from '../residual/nft-residual.js';
import { withNamespaces } from './namespace.js';

for (const { title, text, devices = ['eth0'], files = {}, leans } of nftCases.filter(({ leans }) => !leans)) {
  test.serial(title, async (t) => {
    t.falsy(leans);
    await withNamespaces(t, async (net) => {
      const [ns, peer] = [net.namespace('host'), net.namespace('peer')];
      net.veth(ns, 'eth0', peer, 'up0');
      const directory = net.directory();
      writeFiles(directory, files);
      const nft = async (args: string): Promise<string> =>
        (await net.exec(ns, 'sh', ['-ec', `cd '${directory}' && exec nft ${args}`])).stdout;
      const load = async (name: string, content: string, options = ''): Promise<string> => {
        writeFileSync(join(directory, name), content);
        await nft(`${options} -f ${name}`);
        return nft('list ruleset');
      };
      const original = await load('nftables.conf', text);
      const json = await nft('-j list ruleset');
      await nft('flush ruleset');

      const residual = residualOf(text, devices, directory);
      const once = await load('residual.nft', residual);
      t.is(await load('residual.nft', residual), once, 'loaded twice');
      const [before, after] = [rulesIn(original), rulesIn(once)];
      t.is(new Set(after).size, after.length, 'no rule is there twice');
      const [gone, made] = [without(before, after), without(after, before)];
      t.true(
        gone.every((rule) => /^iifname "eth\d"/.test(rule)),
        gone.join('\n'),
      );
      t.true(
        made.every((rule) => /^iifname != .* jump offload_/.test(rule)),
        made.join('\n'),
      );

      if (/ingress device/.test(text)) return; // nft 1.0.6 leaves the device out of its JSON, and does not load that.
      await load('nftables.conf', `flush ruleset\n${original}`);
      const fromJson = residualOf(json, devices, directory);
      const onceJson = await load('residual.json', fromJson, '-j');
      t.is(await load('residual.json', fromJson, '-j'), onceJson, 'JSON loaded over itself');
      t.is(residualOf(fromJson, devices, directory), fromJson);
      await nft('flush ruleset');
      t.is(await load('residual.json', fromJson, '-j'), onceJson, 'and on an empty host');
      t.deepEqual(verdicts(onceJson), verdicts(once));
    });
  });
}

const rulesIn = (listing: string): string[] =>
  (listing.match(/^\t\t.*(drop|accept|jump \S+)( comment .*)?$/gm) ?? []).map((line) => line.trim());
const without = (rules: readonly string[], others: readonly string[]): string[] =>
  rules.filter((rule) => !others.includes(rule));
/** Rules in any order: JSON keeps runs that stand in different blocks together. */
const verdicts = (listing: string): string[] =>
  rulesIn(listing)
    .filter((rule) => !rule.includes('jump offload_'))
    .sort();
