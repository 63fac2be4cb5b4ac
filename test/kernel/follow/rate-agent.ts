/** Runs in a namespace: follows its nft sets until so many elements (argument) have been told. Prints what that cost. */
import { followHost } from '../../../src/follow/follow-host.js';
import { readNow } from '../../../src/host/live/read-live.js';
import { loadNative } from '../../../src/load/native.js';
import { readRuleset } from '../../../src/model/read-ruleset.js';

const wanted = Number(process.argv[2]);
const follower = followHost(loadNative(), { pollSeconds: 2 });
const { name, text, takenAt, format } = readNow('live:nft')!;
const { ruleset } = readRuleset([{ file: name, text, takenAt, origin: { format } }]);
follower.baseline(ruleset, []);
follower.pending();
process.stdout.write('ready\n');

const began = process.cpuUsage();
const counts = { elements: 0, batches: 0, lost: 0, other: 0 };
while (counts.elements < wanted && counts.lost === 0) {
  const changes = await follower.next(60_000);
  if (changes.length === 0) break;
  counts.batches++;
  for (const change of changes) {
    if (change.kind === 'elements')
      counts.elements += change.changes.reduce((sum, { ranges }) => sum + ranges.count, 0);
    else if (change.kind === 'lost') counts.lost++;
    else counts.other++;
  }
}
const { user, system } = process.cpuUsage(began);
follower.close();
process.stdout.write(`${JSON.stringify({ ...counts, cpu: (user + system) / 1e6 })}\n`);
