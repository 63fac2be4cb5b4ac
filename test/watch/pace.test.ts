/** When the next plan may be made, on a clock of its own. */
import test from 'ava';
import { Pace } from '../../src/watch/pace.js';

/** Plans of 1,000 ms each, one after the other as soon as it may be; when each began. */
function begins(pace: Pace, plans: number, dropping: boolean): number[] {
  const began: number[] = [];
  for (let [now, i] = [10_000, 0]; i < plans; i++) {
    now += pace.wait(now, dropping);
    began.push(now - 10_000);
    now += 1000;
    pace.done(now, 1000);
    pace.changed();
  }
  return began;
}

test('three in a row, then a pause, though something changes all the time', (t) => {
  t.deepEqual(begins(new Pace(), 6, true), [0, 1000, 2000, 7000, 12_000, 17_000]);
  t.deepEqual(begins(new Pace(), 6, false), [0, 1000, 2000, 4000, 6000, 8000]);
});

test('after a rest there are three in a row again', (t) => {
  const pace = new Pace();
  begins(pace, 5, true);
  t.true(pace.wait(22_500, true) > 0);
  pace.done(40_000, 1000);
  t.is(pace.wait(40_000, true), 0);
});

test('what is asked for does not wait', (t) => {
  const pace = new Pace();
  begins(pace, 5, true);
  pace.asked();
  t.is(pace.wait(22_000, true), 0);
});

test('after failures ever more rarely, at most a minute; a change is tried after a second', (t) => {
  const pace = new Pace();
  const waits = [0, 1, 2, 3, 4, 5, 6, 7, 8].map(() => {
    pace.failed(0);
    return pace.wait(0, false);
  });
  t.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  pace.changed();
  t.is(pace.wait(0, false), 1000);
  pace.done(5000, 100);
  t.is(pace.wait(5000, false), 0);
});
