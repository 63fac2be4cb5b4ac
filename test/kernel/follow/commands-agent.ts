/**
 * Runs in a namespace: follows it while commands change it. Reads a JSON object from the standard input: `first`, commands that are carried
 * out before anything is followed, and `steps`. A command is its arguments, or a text for `nft -f -`. Prints, for each step, what was told.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { HostChange } from '../../../src/follow/change.js';
import { followHost } from '../../../src/follow/follow-host.js';
import { readLive } from '../../../src/host/live/read-live.js';
import { loadNative } from '../../../src/load/native.js';
import { readRuleset } from '../../../src/model/read-ruleset.js';

export interface Script {
  readonly first: readonly Command[];
  readonly steps: readonly Command[];
  /** Wait for a change so long, milliseconds; 0: what the kernel tells of itself is there when the command has ended. */
  readonly wait: number;
  readonly pollSeconds?: number;
  readonly files?: readonly string[];
  readonly receiveBuffer?: number;
}

export type Command = string | readonly string[];

/** What the command says when it fails, else nothing. */
function run(command: Command): readonly string[] {
  const [name, args, input] =
    // Old versions of nft want a line break there.
    typeof command === 'string'
      ? ['nft', ['-f', '-'], command.replaceAll(/; }/g, ';\n}')]
      : [command[0]!, command.slice(1), ''];
  const { status, stderr, error } = spawnSync(name, args, { input });
  if (error) throw error;
  return status === 0 ? [] : [`failed: ${stderr.toString()}`];
}

const address = (words: Uint32Array): string =>
  words.length === 1
    ? [24, 16, 8, 0].map((shift) => (words[0]! >>> shift) & 255).join('.')
    : [...words].map((word) => word.toString(16).padStart(8, '0')).join('');

function textsOf(change: HostChange): string[] {
  switch (change.kind) {
    case 'elements':
      return change.changes.flatMap(({ set, op, ranges, ports, expires }) => {
        if (ranges.count > 5) return [`${op} ${ranges.count} elements of ${set}`];
        const size = ranges.family === 4 ? 1 : 4;
        return Array.from({ length: ranges.count }, (_, i) => {
          const [lo, hi] = [ranges.lo, ranges.hi].map((words) => address(words.subarray(i * size, (i + 1) * size)));
          const port = ports ? ` ${ports.protocol[i]!}:${ports.portLo[i]!}` : '';
          return `${op} ${set} ${lo === hi ? lo! : `${lo!}-${hi!}`}${port}${expires?.[i] ? ' expires' : ''}`;
        });
      });
    case 'set':
      return [`set ${change.set}`];
    case 'rules':
      return [`${change.addsDropsOnly ? 'drops only' : 'rules'}: ${change.what}`];
    case 'network':
    case 'lost':
      return [
        `${change.kind === 'network' && change.routes !== undefined ? `routes ${change.routes}` : change.kind}: ${change.what}`,
      ];
  }
}

const script = JSON.parse(readFileSync(0, 'utf8')) as Script;
const failures = script.first.flatMap(run);
if (failures.length > 0) throw new Error(failures.join('\n'));
const { pollSeconds = 0.1, files, receiveBuffer } = script;
const follower = followHost(loadNative(), {
  pollSeconds,
  ...(files && { files }),
  ...(receiveBuffer && { receiveBuffer }),
});
const live = readLive();
const { ruleset } = readRuleset(
  live.map(({ name, text, takenAt, format }) => ({ file: name, text, takenAt, origin: { format } })),
);
follower.baseline(ruleset, live);
// What is polled has been looked at once.
if (script.wait > 0) await follower.next(script.wait);
const told: string[][] = [];
for (const step of script.steps) {
  const failed = run(step);
  told.push([...failed, ...(await follower.next(script.wait)).flatMap(textsOf)]);
}
process.stdout.write(JSON.stringify({ told, healthy: follower.healthy(), delays: follower.delays() }));
follower.close();
