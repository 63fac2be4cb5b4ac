/** Loads one table by the tool that it was read with, in one transaction: the kernel has the old table or the new one. */
import { LoadError } from '../../load/load-error.js';
import { run } from '../command.js';
import type { Encoding } from '../text-encoding.js';
import { type LiveName, toolOf } from './read-live.js';

/** Throws LoadError; the table is then as it was. */
export function loadTable(name: LiveName, table: string, text: string, encoding: Encoding): void {
  const [command, args, input] = loading(name, table, text);
  const output = run(command, args, { input, encoding });
  if (output.kind === 'text') return;
  throw new LoadError({
    errno: output.kind === 'missing' ? 2 : 5,
    step: 'load table',
    message:
      output.kind === 'missing'
        ? `\`${command}\` is not installed, so table ${table} cannot be loaded`
        : `\`${command}\` refused table ${table}: ${output.stderr}`,
    hint: 'table and filter are left as they were',
  });
}

function loading(name: LiveName, table: string, text: string): readonly [string, readonly string[], string] {
  switch (name) {
    case 'live:nft':
      return ['nft', ['-f', '-'], `delete table ${table}\n${text}`];
    case 'live:iptables-legacy-save':
    case 'live:iptables-nft-save':
    case 'live:ip6tables-legacy-save':
    case 'live:ip6tables-nft-save': {
      const [base, backend] = name.slice('live:'.length).split('-') as ['iptables' | 'ip6tables', 'legacy' | 'nft'];
      return [toolOf(base, backend, 'restore') ?? `${base}-${backend}-restore`, ['-c', '--wait=10'], text];
    }
    case 'live:ipset':
      throw new Error('bug: sets are never replaced');
  }
}
