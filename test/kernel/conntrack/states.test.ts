/** Rulesets that talk about connections in other ways: states one by one, no tracking, zones. What each asks, and what its flows feel. */
import test, { type ExecutionContext } from 'ava';
import { backends, type Backend } from '../differential/backend.js';
import { addresses, families, withHost, type HostBed } from './bed.js';

interface States {
  readonly name: string;
  /** Rules of raw, and of INPUT; BAD stands for the blocked address. */
  readonly raw?: string;
  readonly input: string;
  /** There are questions and drops in the list. */
  readonly asks: boolean;
  /** What is new from the blocked address dies in XDP. */
  readonly early: boolean;
  /** A port that takes new connections from there. */
  readonly open?: number;
}

const established = '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n';
const drop = '-A INPUT -s BAD -j DROP\n';
const cases: readonly States[] = [
  { name: 'state', input: `-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT\n${drop}`, asks: true, early: true },
  {
    name: 'not established',
    input: '-A INPUT -s BAD -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP\n',
    asks: true,
    early: true,
  },
  {
    name: 'invalid first',
    input: `-A INPUT -m conntrack --ctstate INVALID -j DROP\n${established}${drop}`,
    asks: true,
    early: true,
  },
  {
    name: 'invalid after',
    input: `${established}-A INPUT -m conntrack --ctstate INVALID -j DROP\n${drop}`,
    asks: true,
    early: true,
  },
  {
    name: 'only what is new',
    input: `${established}-A INPUT -s BAD -m conntrack --ctstate NEW -j DROP\n`,
    asks: false,
    early: false,
  },
  {
    name: 'new and invalid',
    input: '-A INPUT -s BAD -m conntrack --ctstate INVALID,NEW,UNTRACKED -j DROP\n',
    asks: true,
    early: true,
  },
  {
    name: 'a port for new ones',
    input: `${established}-A INPUT -p tcp -m conntrack --ctstate NEW -m tcp --dport 7900 -j ACCEPT\n${drop}`,
    asks: true,
    early: true,
    open: 7900,
  },
  {
    name: 'chain of its own',
    input: `-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j known\n${drop}-A known -j ACCEPT\n`,
    asks: true,
    early: true,
  },
  {
    name: 'chain of strangers',
    input: '-A INPUT -m conntrack ! --ctstate RELATED,ESTABLISHED -j known\n-A known -s BAD -j DROP\n',
    asks: true,
    early: true,
  },
  {
    name: 'not tracked, accepted',
    raw: '-A PREROUTING -s BAD -p tcp -m tcp --sport 7700 -j CT --notrack\n-A OUTPUT -d BAD -p tcp -m tcp --dport 7700 -j CT --notrack\n',
    input: `${established}-A INPUT -m conntrack --ctstate UNTRACKED -j ACCEPT\n${drop}`,
    asks: true,
    early: false,
  },
  {
    name: 'zone',
    raw: '-A PREROUTING -j CT --zone 5\n-A OUTPUT -j CT --zone 5\n',
    input: `${established}${drop}`,
    asks: false,
    early: false,
  },
  {
    name: 'helper',
    raw: '-A OUTPUT -p tcp -m tcp --dport 21 -j CT --helper ftp\n',
    input: `${established}${drop}`,
    asks: false,
    early: false,
  },
];

function text({ raw, input }: States, bad: string): string {
  const chains = '*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n';
  const known = input.includes('known') ? ':known - [0:0]\n' : '';
  const filter = `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${known}${input}COMMIT\n`;
  return `${raw === undefined ? '' : `${chains}${raw}COMMIT\n`}${filter}`.replaceAll('BAD', bad);
}

async function feel(t: ExecutionContext, bed: HostBed, states: States, at: number): Promise<void> {
  const { asks, drops } = await bed.protect({ v4: text(states, addresses[4].bad), v6: text(states, addresses[6].bad) });
  t.is(asks > 0 && drops > 0, states.asks, `${states.name} asks`);
  for (const family of families) {
    const { host, bad } = addresses[family];
    const say = `${states.name}, IPv${family}`;
    const stream = (await bed.host.connect(bad, 7700, host)) as number;
    t.is(await bed.host.talk(stream, 'one'), 'data >one', `${say}: ${String(stream)}`);
    t.is(await bed.host.finish(stream), 'close false', say);
    const here = await bed.host.bind(host, 0);
    await bed.host.send(here, 'two', bad, 7701);
    t.is(await bed.host.receive(here), '>two', say);
    if (states.open !== undefined) {
      const back = (await bed.outside.connect(host, states.open, bad)) as number;
      t.is(await bed.outside.talk(back, 'three'), 'data >three', say);
    }
    t.is(await bed.early(), 0, say);
    // a listener, so that only the rules are left to keep it quiet
    await bed.host.listen(host, 7800 + at);
    t.is(await bed.outside.knock(host, 7800 + at, bad), 'quiet', say);
    t.is((await bed.early()) > 0, states.early, say);
  }
}

const run = (backend: Backend): void => {
  test(`${backend}: ${cases.map(({ name }) => name).join(', ')}`, async (t) => {
    await withHost(t, { backend, forwarding: false }, async (bed) => {
      for (const family of families) {
        const { host, bad } = addresses[family];
        await bed.outside.listen(bad, 7700);
        await bed.outside.bind(bad, 7701, true);
        await bed.host.listen(host, 7900);
      }
      for (const [at, states] of cases.entries()) await feel(t, bed, states, at);
    });
  });
};
backends.forEach(run);
