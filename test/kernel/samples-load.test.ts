/** Each sample and its residual load with the tools they are for (iptables: both back ends), in a network namespace that ends with the process. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';
import { inputsOf, root, samples } from '../samples/sample-runs.js';

function restore(sample: string, tool: string, file: string): string {
  const sets = inputsOf(sample).includes('ipset.save') ? 'ipset restore <ipset.save && ' : '';
  const { status, stderr } = spawnSync('unshare', ['--net', 'sh', '-ec', `${sets}${tool} <"$0"`, file], {
    cwd: join(root, 'samples', sample),
    encoding: 'utf8',
  });
  return status === 0 ? 'ok' : `${String(status)}: ${stderr}`;
}

for (const sample of samples) {
  test(sample, (t) => {
    if (inputsOf(sample).includes('ruleset.nft')) {
      for (const file of ['ruleset.nft', 'residual.nft'])
        t.is(restore(sample, 'nft -f -', file), 'ok', `nft -f ${file}`);
    }
    for (const rules of inputsOf(sample).filter((file) => file.startsWith('rules.'))) {
      const tool = rules.endsWith('.v6') ? 'ip6tables' : 'iptables';
      for (const backend of ['legacy', 'nft']) {
        for (const file of [rules, rules.replace('rules', 'residual')]) {
          t.is(restore(sample, `${tool}-${backend}-restore`, file), 'ok', `${tool}-${backend}-restore ${file}`);
        }
      }
    }
  });
}
