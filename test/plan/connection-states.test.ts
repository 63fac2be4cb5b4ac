/** What TCP flags tell of the state of a packet that conntrack does not know, and what rules leave of the rest. */
import test from 'ava';
import { decisions, filter, planText, type PlanTextOptions } from './plan-text.js';

interface Case {
  readonly title: string;
  readonly text: string;
  readonly options?: PlanTextOptions;
  /** IPv4 steps. */
  readonly steps?: readonly string[];
  readonly expected: Readonly<Record<string, string>>;
}

const ct = (states: string): string => `-m conntrack --ctstate ${states}`;
const invalid = `-A INPUT ${ct('INVALID')} -j DROP`;
const blocked = '-A INPUT -s 203.0.113.7/32 -j DROP';

const cases: readonly Case[] = [
  {
    title: 'INVALID: what begins no connection',
    text: filter(invalid),
    steps: ['ask protocol tcpFlags', 'drop protocol tcpFlags'],
    expected: { 'INPUT 1': 'partial connection-state' },
  },
  {
    title: 'UDP shows nothing',
    text: filter(`-A INPUT -p udp ${ct('INVALID')} -j DROP`),
    steps: [],
    expected: { 'INPUT 1': 'none unknown-match' },
  },
  {
    title: 'what is dropped anyway does not wait for conntrack',
    text: filter(`${invalid}\n${blocked}`),
    steps: ['drop saddr', 'ask protocol tcpFlags', 'drop protocol tcpFlags'],
    expected: { 'INPUT 1': 'partial connection-state', 'INPUT 2': 'full offloaded' },
  },
  {
    title: 'a drop of everything does not hide that of invalid packets',
    text: filter(`${invalid}\n-A INPUT -j DROP`),
    steps: ['ask protocol tcpFlags', 'drop protocol tcpFlags', 'skip protocol sport dport', 'drop'],
    expected: { 'INPUT 1': 'partial connection-state', 'INPUT 2': 'partial tracked' },
  },
  {
    title: 'an accept of new connections guards what may begin one',
    text: filter(`-A INPUT -p tcp -m tcp --dport 22 ${ct('NEW')} -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 22 -j DROP`),
    steps: ['ask protocol dport tcpFlags', 'pass protocol dport tcpFlags', 'drop protocol dport'],
    expected: { 'INPUT 1': 'none not-a-drop', 'INPUT 2': 'partial blocked-partly' },
  },
  {
    title: 'INVALID dropped, then NEW without SYN: together all of it',
    steps: ['ask protocol tcpFlags', 'drop protocol tcpFlags', 'ask protocol tcpFlags', 'drop protocol tcpFlags'],
    text: filter(`${invalid}\n-A INPUT -p tcp -m tcp ! --tcp-flags SYN SYN ${ct('NEW')} -j DROP`),
    expected: { 'INPUT 1': 'partial connection-state', 'INPUT 2': 'partial connection-state' },
  },
  {
    title: 'the other way round',
    steps: ['ask protocol tcpFlags', 'ask protocol', 'drop protocol tcpFlags', 'drop protocol'],
    text: filter(`-A INPUT -p tcp ${ct('NEW')} -j DROP\n-A INPUT -p tcp ${ct('INVALID')} -j DROP`),
    expected: { 'INPUT 1': 'none unknown-match', 'INPUT 2': 'partial connection-state' },
  },
  {
    title: 'in chains of their own',
    steps: ['ask protocol tcpFlags', 'drop protocol tcpFlags', 'ask protocol tcpFlags', 'drop protocol tcpFlags'],
    text: filter(
      `-A INPUT -p tcp -j BAD\n-A BAD ${ct('INVALID')} -j GONE\n-A BAD -p tcp -m tcp ! --tcp-flags SYN SYN ${ct('NEW')} -j GONE\n-A GONE -j DROP`,
      ':INPUT ACCEPT [0:0]\n:BAD - [0:0]\n:GONE - [0:0]',
    ),
    expected: { 'GONE 1': 'partial connection-state' },
  },
  {
    title: 'of some sources only: others may be either',
    text: filter(`-A INPUT -s 203.0.113.0/24 ${ct('INVALID')} -j DROP\n-A INPUT -p udp ${ct('NEW')} -j DROP`),
    steps: ['ask saddr protocol tcpFlags', 'drop saddr protocol tcpFlags', 'ask protocol saddr', 'drop protocol saddr'],
    expected: { 'INPUT 2': 'partial connection-state' },
  },
  {
    title: 'a packet that came around the first drop may be invalid still',
    text: filter(
      `-A INPUT -j BAD\n-A INPUT -p udp ${ct('NEW')} -j DROP\n-A BAD -s 198.51.100.0/24 -j RETURN\n-A BAD ${ct('INVALID')} -j DROP`,
      ':INPUT ACCEPT [0:0]\n:BAD - [0:0]',
    ),
    expected: { 'INPUT 2': 'none unknown-match' },
  },
  {
    title: 'notrack: NEW or UNTRACKED is left, INVALID shows no more',
    text:
      '*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -s 198.51.100.0/24 -j CT --notrack\nCOMMIT\n' +
      filter(`${invalid}\n-A INPUT -p tcp ${ct('NEW')} -j DROP`),
    steps: [],
    expected: { 'ip filter INPUT 1': 'none unknown-match', 'ip filter INPUT 2': 'none unknown-match' },
  },
  {
    title: 'a rule that no unknown packet meets is asked about',
    text: filter(`-A INPUT -p tcp -m tcp --tcp-flags RST RST ${ct('NEW')} -j ACCEPT\n-A INPUT -p tcp -j DROP`),
    steps: ['ask protocol tcpFlags', 'drop protocol'],
    expected: { 'INPUT 1': 'none tracked-only', 'INPUT 2': 'partial tracked' },
  },
  {
    title: 'a chain for invalid packets that some leave again',
    text: filter(
      `-A INPUT ${ct('INVALID')} -j BAD\n${blocked}\n-A BAD -s 203.0.113.0/24 -j RETURN\n-A BAD -j DROP`,
      ':INPUT ACCEPT [0:0]\n:BAD - [0:0]',
    ),
    expected: { 'INPUT 2': 'partial tracked', 'BAD 2': 'partial blocked-partly' },
  },
  {
    title: 'translated connections: what no rule translates is none',
    text: filter(`-A INPUT ${ct('RELATED,ESTABLISHED,DNAT')} -j ACCEPT\n${blocked}`),
    steps: ['ask', 'drop saddr'],
    expected: { 'INPUT 2': 'partial tracked' },
  },
  {
    title: 'the source may have been translated',
    text: filter(`-A INPUT ${ct('SNAT')} -j ACCEPT\n${blocked}`),
    expected: { 'INPUT 2': 'none blocked' },
  },
  {
    title: 'nothing is asked: as it was',
    text: filter(`${invalid}\n${blocked}`),
    options: { conntrack: false },
    steps: ['drop saddr'],
    expected: { 'INPUT 1': 'none unknown-match', 'INPUT 2': 'full offloaded' },
  },
];

for (const { title, text, options, steps, expected } of cases) {
  test(title, (t) => {
    const plan = planText(text, { conntrack: true, ...options });
    const said = decisions(plan);
    for (const [rule, decision] of Object.entries(expected)) t.is(said[rule], decision, rule);
    const written = plan.prefilter.ip.steps.map(({ outcome, when }) =>
      [outcome.kind, ...new Set(when.map(({ atom }) => plan.prefilter.ip.atoms[atom]?.field))].join(' '),
    );
    if (steps) t.deepEqual(written, steps);
  });
}
