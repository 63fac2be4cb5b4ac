/** The loop: what passes first, what is done in place, what is planned anew, and in which order. */
import test from 'ava';
import type { HostChange } from '../../src/follow/change.js';
import type { SetId } from '../../src/model/set.js';
import { PlannerGone, Taken } from '../../src/watch/filter.js';
import { element, rules, set, withBed } from './scripted.js';

const network: HostChange = { kind: 'network', what: 'address added' };

test('elements are changed in place, without a new plan', async (t) => {
  await withBed(async ({ follower, events, until }) => {
    await until('started');
    follower.report(element('add', 1), element('add', 2), element('remove', 1));
    await until('1:remove 1');
    t.deepEqual(
      events.filter((one) => /add|remove/.test(one)),
      ['1:add 1', '1:add 2', '1:remove 1'],
    );
    t.is(events.filter((one) => one === 'plan').length, 1);
    t.false(events.includes('1:pass'));
  });
});

for (const change of [rules(false), { kind: 'lost', what: 'events were lost' } as const]) {
  test(`${change.kind}: everything passes before anything else, and until the new filter is attached`, async (t) => {
    await withBed(async ({ follower, events, until }) => {
      await until('started');
      follower.report(element('add', 1), change, element('add', 2));
      await until('2:attached');
      await until('1:close');
      const at = (event: string): number => events.indexOf(event);
      t.true(at('1:pass') < at('1:add 1'), 'also before elements that came earlier');
      t.is(events.lastIndexOf('plan'), events.indexOf('plan', 1));
      t.true(at('2:renew') < at('2:attached'));
      t.false(events.slice(at('1:pass')).includes('1:renew'));
    });
  });
}

test('more silent drops are planned for while the filter drops', async (t) => {
  await withBed(async ({ follower, events, until }) => {
    await until('started');
    follower.report(rules(true));
    await until('2:attached');
    t.false(events.includes('1:pass'));
  });
});

test('the network: passes, looks, and goes on where nothing that matters has changed', async (t) => {
  await withBed(async (bed) => {
    await bed.until('started');
    bed.follower.report(network);
    await bed.until('1:pass');
    await bed.until(/nothing that matters here; everything passed for \d+ ms/);
    t.is(bed.events.at(-1), '1:renew');
    t.is(bed.events.filter((one) => one === 'plan').length, 1);
    t.is(bed.watch.passing, null);
    bed.hostIsSame = false;
    bed.follower.report(network);
    await bed.until('2:attached');
    await bed.until(/planned anew/);
    t.is(bed.watch.passing, null);
  });
});

const routes = (family: 4 | 6): HostChange => ({ kind: 'network', what: `route of ${family}`, routes: family });

test('routes: what asks for none of that family goes on as if nothing had changed', async (t) => {
  await withBed(async (bed) => {
    bed.routes = [6];
    await bed.until('started');
    bed.follower.report(routes(4), element('add', 1));
    await bed.until('1:add 1');
    bed.whilePlanning = async () => {
      bed.follower.report(routes(4), element('add', 2));
      await bed.until('1:add 2');
    };
    bed.follower.report(rules(true));
    await bed.until('2:attached');
    await bed.until('2:renew', 2);
    t.false(bed.events.includes('1:pass') || bed.events.includes('2:pass'));
    t.is(bed.watch.passing, null);
    t.notRegex(bed.log.join('\n'), /route of/);
  });
});

test('routes: what asks for them passes, looks, and goes on', async (t) => {
  await withBed(async (bed) => {
    bed.routes = [4];
    await bed.until('started');
    bed.follower.report(routes(4));
    await bed.until('1:pass');
    await bed.until(/route of 4: nothing that matters here; everything passed for/);
    t.is(bed.watch.passing, null);
  });
});

for (const when of ['whilePlanning', 'whileAttaching'] as const) {
  test(`routes: they change while the first filter that asks for them is made (${when})`, async (t) => {
    await withBed(async (bed) => {
      await bed.until('started');
      bed.routes = [4];
      bed[when] = async () => {
        bed.follower.report(routes(4), element('add', 2));
        await bed.until('1:add 2');
      };
      bed.follower.report(rules(true));
      await bed.until('2:pass');
      await bed.until(/route of 4: nothing that matters here/);
      const second = bed.events.filter((one) => /^2:(pass|renew)/.test(one));
      t.is(second.indexOf('2:renew', second.indexOf('2:pass')), second.length - 1, 'it drops again in the end');
      if (when === 'whilePlanning') t.is(second[0], '2:pass', 'not before somebody has looked');
      t.is(bed.watch.passing, null);
    });
  });
}

test('what is reported while a plan is made is told to both filters, before the new one drops', async (t) => {
  await withBed(async (bed) => {
    await bed.until('started');
    bed.whilePlanning = async () => {
      bed.follower.report(element('remove', 7));
      await bed.until('1:remove 7');
      bed.follower.report(element('add', 8));
    };
    bed.follower.report(rules(true));
    await bed.until('2:attached');
    const second = bed.events.filter((one) => one.startsWith('2:'));
    t.deepEqual(second.slice(0, 4), ['2:remove 7', '2:add 8', '2:renew', '2:attached']);
    t.true(bed.events.includes('1:add 8'));
  });
});

test('what is reported while a filter is being attached is told to it, too', async (t) => {
  await withBed(async (bed) => {
    await bed.until('started');
    bed.whileAttaching = async () => {
      bed.follower.report(element('remove', 7));
      await bed.until('2:remove 7');
      bed.follower.report(rules(false));
      await bed.until('2:pass');
      bed.whileAttaching = () => Promise.resolve();
    };
    bed.follower.report(rules(true));
    await bed.until('2:close');
    const { events } = bed;
    t.true(events.indexOf('1:remove 7') < events.indexOf('2:attached') && events.includes('1:remove 7'));
    t.true(events.lastIndexOf('2:renew') < events.indexOf('2:pass'), 'it drops no more');
    t.true(events.indexOf('2:pass') < events.indexOf('2:attached'));
    t.true(events.includes('1:pass'));
    await bed.until('3:renew');
  });
});

test('what the filter that runs cannot do in place, the one that comes may have', async (t) => {
  await withBed(async (bed) => {
    await bed.until('started');
    bed.whilePlanning = async () => {
      bed.unchangeable.add(set);
      bed.follower.report(element('add', 1));
      await bed.until('1:add 1');
      bed.unchangeable.clear();
    };
    bed.follower.report(rules(true));
    await bed.until('2:attached');
    await bed.until('2:add 1');
    await new Promise((done) => setTimeout(done, 300));
    t.is(bed.events.filter((one) => one === 'plan').length, 2);
  });
});

test('while a plan is made the lease is renewed, unless something is in doubt', async (t) => {
  await withBed(
    async (bed) => {
      await bed.until('started');
      bed.whilePlanning = async () => {
        const renewed = bed.events.filter((one) => one === '1:renew').length;
        await bed.until('1:renew', renewed + 3);
        bed.follower.report(rules(false));
        await bed.until('1:pass');
        await new Promise((done) => setTimeout(done, 800));
        bed.whilePlanning = () => Promise.resolve();
      };
      bed.follower.report(rules(true));
      await bed.until('2:renew');
      t.false(bed.events.slice(bed.events.indexOf('1:pass')).includes('1:renew'));
    },
    { lease: 1 },
  );
});

test('whoever plans is gone: everything passes, and the watch ends', async (t) => {
  let events: readonly string[] = [];
  await t.throwsAsync(
    withBed(async (bed) => {
      ({ events } = bed);
      await bed.until('started');
      bed.failure = new PlannerGone('out of memory');
      bed.follower.report(rules(true));
      await bed.until('1:close');
      throw new PlannerGone('seen');
    }),
    { message: 'seen' },
  );
  t.true(events.indexOf('1:pass') < events.indexOf('1:close') && events.includes('1:pass'));
});

test('a plan that fails: everything passes, it is said once, and mended by the next change', async (t) => {
  await withBed(async (bed) => {
    await bed.until('started');
    bed.failure = new Error('rules.v4:3:1: what is this');
    bed.follower.report(rules(true));
    await bed.until(/^! .*what is this/s);
    t.true(bed.events.includes('1:pass'));
    await bed.until('plan', 3);
    t.is(bed.log.filter((line) => line.startsWith('!')).length, 1, 'tried again, and not said again');
    t.truthy(bed.watch.passing);
    bed.failure = null;
    bed.follower.report(rules(true));
    await bed.until('2:attached');
    await bed.until(/planned anew/);
    t.is(bed.watch.passing, null);
  });
});

test('an element that cannot be changed in place wants a plan, not a pass', async (t) => {
  await withBed(async (bed) => {
    await bed.until('started');
    bed.unchangeable.add(set);
    bed.follower.report(element('add', 1));
    await bed.until('2:attached');
    t.false(bed.events.includes('1:pass'));
  });
});

test('a set that changed in an untold way is suspended; one that nothing asks for does not matter', async (t) => {
  await withBed(async (bed) => {
    await bed.until('started');
    bed.follower.report({ kind: 'set', set: 'ipset:other' as SetId, what: 'other' });
    await bed.until('1:suspend ipset:other');
    bed.follower.report({ kind: 'set', set, what: 'bad' });
    await bed.until('2:attached');
    t.true(bed.events.indexOf(`1:suspend ${set}`) < bed.events.lastIndexOf('plan'));
    t.is(bed.events.filter((one) => one === 'plan').length, 2);
  });
});

test('the lease is renewed while all is well, and not while a source does not answer', async (t) => {
  await withBed(
    async (bed) => {
      await bed.until('1:renew', 4);
      bed.follower.isHealthy = false;
      await bed.until(/^! a source/);
      const renewed = bed.events.filter((one) => one === '1:renew').length;
      await new Promise((done) => setTimeout(done, 1500));
      t.is(bed.events.filter((one) => one === '1:renew').length, renewed);
      bed.follower.isHealthy = true;
      await bed.until('1:renew', renewed + 1);
    },
    { lease: 1 },
  );
});

test('another run that takes over is not fought', async (t) => {
  const error = await t.throwsAsync(
    withBed(
      async (bed) => {
        await bed.until('started');
        bed.standing = { kind: 'taken', how: 'another run' };
        await bed.until('1:close');
        throw new Taken('seen');
      },
      { lease: 1 },
    ).catch((error: unknown) => Promise.reject(error as Error)),
  );
  t.is(error.message, 'seen');
});

test('a device that is gone: passes, and is planned for until it is back', async (t) => {
  await withBed(
    async (bed) => {
      await bed.until('started');
      bed.failure = new Error('there is no device eth0');
      bed.standing = { kind: 'unseated', how: 'eth0 is gone' };
      await bed.until(/^! eth0 is gone/);
      t.true(bed.events.includes('1:pass'));
      bed.failure = null;
      bed.standing = { kind: 'own' };
      bed.follower.report(network);
      await bed.until('2:attached');
      await bed.until('2:renew', 2);
      t.is(bed.watch.passing, null);
    },
    { lease: 1 },
  );
});

test('it stops when told to, and leaves the filter as it is', async (t) => {
  await withBed(async (bed) => {
    await bed.until('started');
    await bed.stop();
    t.false(bed.events.includes('1:pass'));
    t.is(bed.events.at(-1), '1:close');
  });
});

test('somebody asks for a plan, and does not wait for the end of a nap', async (t) => {
  await withBed(async (bed) => {
    bed.follower.longestNap = 1000;
    await bed.until('started');
    // It sleeps by now.
    await new Promise((done) => setTimeout(done, 20));
    bed.watch.replan('SIGHUP');
    await bed.until('2:attached');
    t.true(bed.events.includes('plan asked'));
  });
});

test('a filter that is attached while a source does not answer passes, says so, and drops when it answers again', async (t) => {
  await withBed(async (bed) => {
    await bed.until('started');
    bed.whilePlanning = () => {
      bed.follower.isHealthy = false;
      return Promise.resolve();
    };
    bed.follower.report(rules(true));
    await bed.until('2:attached');
    t.true(bed.events.includes('2:pass'));
    t.false(bed.events.includes('2:renew'));
    t.truthy(bed.watch.passing);
    bed.follower.isHealthy = true;
    await bed.until('2:renew');
    t.is(bed.watch.passing, null);
  });
});
