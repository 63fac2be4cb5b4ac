/** What nft of this machine makes of a ruleset: loaded into a namespace of its own and listed, as text and as JSON. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Ways to list: options of `nft list ruleset`. */
export type ListingForm = '' | '-a' | '-n' | '-s' | '-j';

const directory = mkdtempSync(join(tmpdir(), `ofl-${process.pid}-nft-`));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
let files = 0;

/** The listings in the order asked for; null when nft refuses the ruleset. Beside lo there are eth0 and eth1. */
export function loadAndList(ruleset: string, forms: readonly ListingForm[]): readonly string[] | null {
  // Not by standard input: nft opens it anew by name, and a socket has none.
  const file = join(directory, `${files++}.nft`);
  writeFileSync(file, ruleset);
  const lists = forms.map((form) => `nft ${form} list ruleset && printf '\\0'`);
  const devices = 'ip link set lo up; ip link add eth0 type veth peer name eth1';
  const { status, stdout } = spawnSync(
    'unshare',
    ['-n', 'sh', '-c', `${devices}; nft -f ${file} && ${lists.join(' && ')}`],
    {
      encoding: 'utf8',
      // Packages of npm bring a program named nft as well.
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      timeout: 60_000,
      maxBuffer: 256 << 20,
    },
  );
  rmSync(file);
  return status === 0 ? stdout.split('\0').slice(0, -1) : null;
}
