/** The pace of a listener against a stream of drops: it takes what it was told to take, and spreads it over time. */
import test from 'ava';
import { everyPacket, Pacer, weightOf, type Pace } from '../../src/sample/rate.js';

/** What a program would take of so many packets, each with the same chance; deterministic. */
const takenOf = ({ chance, left }: Pace, packets: number): number =>
  Math.min(left, chance === everyPacket ? packets : Math.round((packets * chance) / 2 ** 32));

/** Runs for so many ticks of 0.1 s at so many packets a second; how many were taken in each second, and the last pace. */
function run(pacer: Pacer, seconds: number, packets: number, from = pacer.first()): { taken: number[]; pace: Pace } {
  let pace = from;
  const taken = Array.from({ length: seconds }, () => {
    let sum = 0;
    for (let tick = 0; tick < 10; tick++) {
      const now = takenOf(pace, packets / 10);
      sum += now;
      pace = pacer.next(pace.left - now, 0.1);
    }
    return sum;
  });
  return { taken, pace };
}

for (const rate of [1, 10, 100, 1000])
  for (const packets of [1e3, 1e5, 1e7]) {
    test(`${rate} a second of ${packets}`, (t) => {
      const { taken } = run(new Pacer({ kind: 'per-second', packets: rate }), 40, packets);
      for (const one of taken) t.true(one <= rate * 1.2 + 1, String(taken));
      const sum = taken.slice(10).reduce((a, b) => a + b, 0);
      t.true(sum >= 30 * Math.min(rate, packets) * 0.4, String(taken));
    });
  }

test('few drops are all taken, soon', (t) => {
  const { taken, pace } = run(new Pacer({ kind: 'per-second', packets: 100 }), 5, 20);
  t.is(pace.chance, everyPacket);
  t.deepEqual(taken.slice(1), [20, 20, 20, 20]);
});

test('a flood that begins is met with a smaller chance within a second', (t) => {
  const pacer = new Pacer({ kind: 'per-second', packets: 100 });
  const quiet = run(pacer, 3, 10);
  const { taken, pace } = run(pacer, 3, 1e6, quiet.pace);
  t.true(
    taken.every((one) => one <= 121),
    String(taken),
  );
  t.true(pace.chance < everyPacket / 1000);
});

test('one in so many: always the same chance, and no end', (t) => {
  const pacer = new Pacer({ kind: 'one-in', n: 1000 });
  const pace = pacer.first();
  t.true(Math.abs(weightOf(pace.chance) - 1000) < 0.001);
  t.deepEqual(pacer.next(0, 0.1), pace);
  const all = new Pacer({ kind: 'one-in', n: 1 }).first();
  t.is(weightOf(all.chance), 1);
  t.is(all.chance, everyPacket);
  t.true(all.left > 2e9);
});
