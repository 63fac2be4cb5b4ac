/** Messages of Linux 6.18 as they were captured, and what is made of them; and of messages that are cut short. */
import test from 'ava';
import { messages } from '../../src/follow/nft/constants.js';
import { changeOf } from '../../src/follow/nft/translate.js';
import { TransactionDraft, type Transaction } from '../../src/follow/nft/transaction.js';
import { readMessages } from '../../src/follow/netlink/message.js';
import { lineDifference } from '../../src/follow/poll/line-difference.js';
import type { NamedSet, SetId } from '../../src/model/set.js';

/** `add element inet t s { 192.0.2.0/25, 192.0.2.128/25 timeout 100s }`, an interval set. */
const elements =
  'QAAAAAwKAAQAAAAAFkUAAAEAAAMGAAEAdAAAAAYAAgBzAAAAHAADABgAAQAMAAEACAABAAAAAAAIAAMAAAAAATgAAAAMCgAEAAAAABZFAAABAAADBgABAHQAAAAGAAIAcwAAABQAAwAQAAEADAABAAgAAQDAAAIAQAAAAAwKAAQAAAAAFkUAAAEAAAMGAAEAdAAAAAYAAgBzAAAAHAADABgAAQAMAAEACAABAMAAAoAIAAMAAAAAAVAAAAAMCgAEAAAAABZFAAABAAADBgABAHQAAAAGAAIAcwAAACwAAwAoAAEADAABAAgAAQDAAAKADAAEAAAAAAAAAYagDAAFAAAAAAAAAYagQAAAAAwKAAQAAAAAFkUAAAEAAAMGAAEAdAAAAAYAAgBzAAAAHAADABgAAQAMAAEACAABAMAAAwAIAAMAAAAAASwAAAAPCgAAAQAAABZFAAAAAAADCAABAAAAAAMIAAIAAABFFggAAwBuZnQA';
/** `add rule inet t c ip saddr 192.0.2.1 drop` */
const drop =
  'FAEAAAYKAAwBAAAAF0UAAAEAAAQGAAEAdAAAAAYAAgBjAAAADAADAAAAAAAAAAAD5AAEACQAAQAJAAEAbWV0YQAAAAAUAAIACAACAAAAAA8IAAEAAAAAASwAAQAIAAEAY21wACAAAgAIAAEAAAAAAQgAAgAAAAAADAADAAUAAQACAAAANAABAAwAAQBwYXlsb2FkACQAAgAIAAEAAAAAAQgAAgAAAAABCAADAAAAAAwIAAQAAAAABCwAAQAIAAEAY21wACAAAgAIAAEAAAAAAQgAAgAAAAAADAADAAgAAQDAAAIBMAABAA4AAQBpbW1lZGlhdGUAAAAcAAIACAABAAAAAAAQAAIADAACAAgAAQAAAAAALAAAAA8KAAABAAAAF0UAAAAAAAQIAAEAAAAABAgAAgAAAEUXCAADAG5mdAA=';

const set: NamedSet = {
  kind: 'addresses',
  id: 'nft:inet t s' as SetId,
  name: 's',
  type: 'ipv4_addr',
  span: { file: 'f', line: 1, column: 1 },
  counters: false,
  defaultTimeout: null,
  elements: 0,
  intervals: true,
  nomatch: null,
  timeout: null,
  ranges: { family: 4, count: 0, lo: new Uint32Array(), hi: new Uint32Array() },
};

function decoded(bytes: Buffer): Transaction {
  const draft = new TransactionDraft(1_000_000_900);
  readMessages(bytes, (message) => {
    if ((message.type & 0xff) !== messages.newGeneration) draft.add(bytes, message);
  });
  return draft.finish();
}

test('marks of intervals become ranges, and what an element has left a second at which it is still there', (t) => {
  const { runs, rules, since } = decoded(Buffer.from(elements, 'base64'));
  t.is(rules, null);
  t.is(runs.length, 1);
  const change = changeOf(runs[0]!, set, since);
  t.deepEqual(change, {
    kind: 'elements',
    changes: [
      {
        set: set.id,
        op: 'add',
        ranges: {
          family: 4,
          count: 2,
          lo: Uint32Array.of(0xc0000200, 0xc0000280),
          hi: Uint32Array.of(0xc000027f, 0xc00002ff),
        },
        expires: Uint32Array.of(0, 1_000_100),
      },
    ],
  });
});

test('a set that keeps single addresses, or another family, is not guessed at', (t) => {
  const { runs, since } = decoded(Buffer.from(elements, 'base64'));
  const { intervals: _, ...single } = set;
  t.is(changeOf(runs[0]!, single, since)?.kind, 'set');
  const six: NamedSet = { ...set, ranges: { ...set.ranges, family: 6 } };
  t.is(changeOf(runs[0]!, six, since)?.kind, 'set');
});

test('a rule that only drops', (t) => {
  const { rules } = decoded(Buffer.from(drop, 'base64'));
  t.like(rules, { addsDropsOnly: true, what: 'rule added to inet t c' });
});

test('whatever byte of a message is another one, nothing is thrown, and a drop that is none any more is not taken for one', (t) => {
  const whole = Buffer.from(drop, 'base64');
  // The code of the verdict, and the register it goes to.
  const verdict = whole.length - 44 - 4;
  for (let at = 16; at < whole.length - 44; at++) {
    for (const other of [0, 1, 0x7f, 0xff]) {
      const bytes = Buffer.from(whole);
      if (bytes[at] === other) continue;
      bytes[at] = other;
      const { rules } = decoded(bytes);
      if (at >= verdict) t.not(rules?.addsDropsOnly, true, `byte ${at} is ${other}`);
    }
  }
  for (let length = 0; length < whole.length; length++)
    t.notThrows(() => decoded(whole.subarray(0, length)), `the first ${length} bytes`);
  t.false(readMessages(whole.subarray(0, whole.length - 3), () => undefined));
});

test('lines that come, go and move', (t) => {
  const lines = Array.from({ length: 5000 }, (_, i) => `add s 10.0.${i >> 8}.${i & 255}\n`);
  const before = lines.join('');
  const text = (change: (own: string[]) => void): string => {
    const own = [...lines];
    change(own);
    return own.join('');
  };
  t.deepEqual(lineDifference(before, before), { removed: [], added: [] });
  t.deepEqual(
    lineDifference(
      before,
      text((own) => own.splice(0, 1)),
    ),
    { removed: [lines[0]], added: [] },
  );
  t.deepEqual(
    lineDifference(
      before,
      text((own) => own.splice(4999, 1)),
    ),
    { removed: [lines[4999]], added: [] },
  );
  t.deepEqual(
    lineDifference(
      before,
      text((own) => own.push('add s 11.0.0.1\n')),
    ),
    { removed: [], added: ['add s 11.0.0.1\n'] },
  );
  t.deepEqual(
    lineDifference(
      before,
      text((own) => own.splice(2500, 2, 'add s 11.0.0.1\n')),
    ),
    {
      removed: [lines[2500], lines[2501]],
      added: ['add s 11.0.0.1\n'],
    },
  );
  t.deepEqual(
    lineDifference(
      before,
      text((own) => own.push(...own.splice(10, 1))),
    ),
    { removed: [], added: [] },
  );
  t.deepEqual(lineDifference('', 'add s 1.1.1.1\n'), { removed: [], added: ['add s 1.1.1.1\n'] });
  t.deepEqual(lineDifference('add s 1.1.1.1\n', ''), { removed: ['add s 1.1.1.1\n'], added: [] });
});
