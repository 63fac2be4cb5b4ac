/** Sets that change more than a thousand times a second, and rules and addresses beside them, under live traffic. */
import test from 'ava';
import { addresses, quietTable } from './addresses.js';
import { type Host, withHost } from './host.js';
import { until } from './until.js';

const { good, bad, other } = addresses;

const transactions = 200;
const each = 20;
/** Elements that come and go again. */
const changes = 2 * transactions * each;

/** What nft is told, transaction by transaction: each adds some, and takes out those of the one before. */
const lines = Array.from({ length: transactions + 1 }, (_, i) => {
  const group = (n: number): string =>
    Array.from({ length: each }, (_, k) => `10.${n >> 8}.${n & 255}.${k + 1}`).join(', ');
  const add = i < transactions ? `add element inet own quiet { ${group(i)} }` : '';
  const remove = i > 0 ? `delete element inet own quiet { ${group(i - 1)} }` : '';
  return `${[add, remove].filter(Boolean).join('; ')}\n`;
});

/** At once they would be over before the watcher has looked twice. */
const paced = 'while IFS= read -r line; do printf "%s\\n" "$line"; sleep 0.005; done | nft -i';

/** Changes a second. */
async function churn(host: Host): Promise<number> {
  const began = performance.now();
  await host.input(lines.join(''), 'sh', '-c', paced);
  return changes / ((performance.now() - began) / 1000);
}

test('more than a thousand elements a second are kept up with, and so are rules and addresses', async (t) => {
  await withHost(t, async (host) => {
    await host.input(quietTable, 'nft', '-f', '-');
    const watcher = host.watch('--live', '--dev', 'eth0');
    await watcher.ready();
    await host.droppedEarly(bad);

    // Nothing but elements: not one packet of who is blocked passes, whatever comes and goes beside it.
    const seen = await host.seen(bad);
    const rate = await churn(host);
    await host.run('nft', 'add', 'element', 'inet', 'own', 'quiet', `{ ${other} }`);
    await host.droppedEarly(other);
    t.is(await host.seen(bad), seen, watcher.said);
    // What came and went again before the loop asked was never there.
    t.true(((await host.status()).watch?.elements ?? 0) > transactions);
    await host.run('nft', 'delete', 'element', 'inet', 'own', 'quiet', `{ ${other} }`);
    await host.passes(other);

    const churning = { isOver: false };
    const end = (): void => void (churning.isOver = true);
    const all = churn(host).then((again) => churn(host).then((last) => [again, last]));
    all.then(end, end);
    for (let i = 0; !churning.isOver; i++) {
      const verb = i % 2 === 0 ? 'add' : 'del';
      await host.run('ip', 'addr', verb, '192.0.2.77/24', 'dev', 'eth0');
      if (i % 2 === 0)
        await host.run('nft', 'insert', 'rule', 'inet', 'own', 'in', 'tcp', 'dport', String(1000 + i), 'accept');
      await host.traffic.more(good, 20);
    }
    const rates = [rate, ...(await all)].map(Math.round);
    await host.droppedEarly(bad);
    await host.passes(other);
    await host.run('nft', 'add', 'element', 'inet', 'own', 'quiet', `{ ${other} }`);
    await host.droppedEarly(other);
    t.is(await host.traffic.lost(good), 0, watcher.said);
    // What status says is up to a second old.
    await until(
      async () => (await host.status()).watch?.passing === null,
      () => `status says that packets are dropped\n${watcher.said}`,
    );
    t.log(`${rates.join(', ')} changes a second\n${watcher.said.trim()}`);
  });
});
