/** Plans that are overtaken by what changes while they are made, and the end amid one. */
import test from 'ava';
import { element, rules, withBed, type Bed } from './scripted.js';

/** Once, while the next plan is made. */
function reportAmidPlan(bed: Bed, addsDropsOnly: boolean): void {
  let once = true;
  bed.whilePlanning = () => {
    if (once) bed.follower.report(rules(addsDropsOnly));
    once = false;
    return Promise.resolve();
  };
}

test('a rule changes while a plan is made: that is given up at once, however often, and the next one is attached', async (t) => {
  await withBed(async (bed) => {
    await bed.until('started');
    let times = 11;
    bed.whilePlanning = async () => {
      if (times-- <= 0) return;
      bed.follower.report(element('remove', times), rules(false));
      await bed.until(`1:remove ${times}`);
      t.true(bed.givenUp());
    };
    bed.follower.report(rules(true));
    await bed.until(/planned anew and replaced in .*, after 11 plans in vain; everything passed for/);
    const { events, log } = bed;
    t.deepEqual(
      events.filter((event) => /plan|attached|close/.test(event)),
      ['plan', '1:attached', ...Array<string>(12).fill('plan'), '2:attached', '1:close'],
    );
    t.false(events.slice(events.indexOf('1:pass')).includes('1:renew'));
    t.false(events.includes('2:pass'));
    t.is(bed.watch.passing, null);
    t.is(log.filter((line) => line.includes('begun anew')).length, 1);
    t.is(
      log.filter((line) => /while each of 10 plans was made: everything passes until rules stand still/.test(line))
        .length,
      1,
    );
  });
});

test('a rule changes just when a plan is made: it is not attached', async (t) => {
  await withBed(async (bed) => {
    await bed.until('started');
    // Not taken before the filter is handed over.
    reportAmidPlan(bed, false);
    bed.follower.report(rules(true));
    await bed.until('3:renew');
    t.false(bed.events.includes('2:attached'));
  });
});

test('a rule changes while the first plan is made: it is attached, passes everything, and is replaced', async (t) => {
  await withBed(
    async (bed) => {
      await bed.until('2:renew');
      const { events } = bed;
      t.true(events.includes('1:attached') && events.indexOf('1:pass') < events.indexOf('1:attached'));
      t.false(events.includes('1:renew'));
    },
    { whilePlanning: ({ follower }) => follower.report(rules(false)) },
  );
});

test('a rule changes while a plan is made that somebody asked for: it is attached, for it is known then what the rules are for', async (t) => {
  await withBed(async (bed) => {
    await bed.until('started');
    bed.whilePlanning = async () => {
      bed.whilePlanning = () => Promise.resolve();
      bed.follower.report(rules(false));
      await bed.until('1:pass');
    };
    bed.watch.replan('SIGHUP');
    await bed.until('3:renew');
    t.deepEqual(
      bed.events.filter((event) => /^plan|attached/.test(event)),
      ['plan', '1:attached', 'plan asked', '2:attached', 'plan', '3:attached'],
    );
    t.true(bed.events.indexOf('2:pass') < bed.events.indexOf('2:attached'));
    t.false(bed.events.includes('2:renew'));
  });
});

test('rules that only drop more change during every plan: each is attached all the same, and drops', async (t) => {
  await withBed(async (bed) => {
    await bed.until('started');
    let times = 4;
    bed.whilePlanning = () => {
      if (times-- > 0) bed.follower.report(rules(true));
      return Promise.resolve();
    };
    bed.follower.report(rules(true));
    await bed.until('6:attached');
    t.false(bed.events.some((event) => event.endsWith(':pass')));
  });
});

test('it stops amid a plan without waiting for it, and amid attaching when that is done', async (t) => {
  await withBed(async (bed) => {
    await bed.until('started');
    bed.whilePlanning = () => new Promise(() => undefined);
    bed.follower.report(rules(true));
    await bed.until('plan', 2);
    await bed.stop();
    t.is(bed.events.at(-1), '1:close');
  });
  await withBed(async (bed) => {
    await bed.until('started');
    let attached = (): void => undefined;
    bed.whileAttaching = () => new Promise((done) => (attached = done));
    bed.follower.report(rules(true));
    await bed.until('2:renew');
    const stopped = bed.stop();
    bed.follower.report(element('add', 1));
    await bed.until('2:add 1');
    attached();
    await stopped;
    t.deepEqual(bed.events.slice(-4), ['2:attached', '1:close', '2:renew', '2:close']);
  });
});

test('more silent drops while a plan is made: the new filter drops, and is planned anew', async (t) => {
  await withBed(async (bed) => {
    await bed.until('started');
    reportAmidPlan(bed, true);
    bed.follower.report(rules(true));
    await bed.until('3:attached');
    t.true(bed.events.indexOf('2:renew') < bed.events.indexOf('2:attached'));
    t.false(bed.events.some((event) => event.endsWith(':pass')));
  });
});
