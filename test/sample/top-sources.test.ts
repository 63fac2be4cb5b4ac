/** Who sends most, by samples of known weight. */
import test from 'ava';
import { RecentSources } from '../../src/sample/top-sources.js';
import type { TappedSample } from '../../src/sample/tap.js';
import { frameOf, synPacket } from '../compile/frame.js';

const from4 = (last: number): Uint8Array => frameOf({ ...synPacket, saddr: [0xc6120000 + last] });
const from6 = frameOf({ ...synPacket, family: 6, saddr: [0x20010db8, 0, 0, 7], daddr: [0x20010db8, 0, 0, 1] });
const of = (frame: Uint8Array, weight = 1): TappedSample => ({
  time: 0n,
  ifindex: 1,
  place: 0,
  counter: 0,
  length: frame.length,
  frame,
  weight,
  device: 'eth0',
  rule: null,
});
const times = (n: number, sample: TappedSample): TappedSample[] => Array<TappedSample>(n).fill(sample);

test('shares of what was dropped, most first, both families', (t) => {
  const recent = new RecentSources(30, 0);
  recent.add([...times(6, of(from4(1))), ...times(3, of(from6)), of(from4(2))], 1000);
  const { sources, samples, seconds } = recent.top(2, 2000);
  t.deepEqual([samples, seconds], [10, 2]);
  t.deepEqual(sources, [
    { source: '198.18.0.1', samples: 6, share: 0.6 },
    { source: '2001:db8::7', samples: 3, share: 0.3 },
  ]);
});

test('a sample stands for as many packets as it had chances not to be taken', (t) => {
  const recent = new RecentSources(30, 0);
  recent.add([...times(20, of(from4(1), 10)), ...times(10, of(from4(2), 40))], 1000);
  t.deepEqual(
    recent.top(2, 1000).sources.map(({ share }) => Math.round(share * 1000)),
    [667, 333],
  );
});

test('one sample of a time when hardly any was taken does not outweigh the others', (t) => {
  const recent = new RecentSources(30, 0);
  recent.add([of(from4(9), 4096), ...times(50, of(from4(1), 16))], 1000);
  t.deepEqual(
    recent.top(5, 1000).sources.map(({ source }) => source),
    ['198.18.0.1'],
  );
});

test('what is longer ago than the window is forgotten', (t) => {
  const recent = new RecentSources(30, 0);
  recent.add(times(5, of(from4(1))), 1000);
  recent.add(times(1, of(from4(2))), 20_000);
  t.is(recent.top(5, 30_999).samples, 6);
  t.is(recent.top(5, 31_001).samples, 1);
  t.deepEqual(recent.top(5, 60_000), { seconds: 30, samples: 0, sources: [] });
});

test('frames that are no IP, cut short or tagged', (t) => {
  const recent = new RecentSources(30, 0);
  const tagged = Uint8Array.of(...from4(3).subarray(0, 12), 0x81, 0, 0, 0, ...from4(3).subarray(12));
  const endless = new Uint8Array(152).fill(0x81);
  for (let i = 12; i < 152; i += 4) endless.set([0x81, 0x00, 0, 0], i);
  const arp = Uint8Array.of(...from4(1).subarray(0, 12), 8, 6, ...new Uint8Array(46));
  recent.add([of(tagged), of(endless), of(arp), of(from4(1).subarray(0, 30)), of(new Uint8Array())], 1000);
  t.deepEqual(recent.top(5, 1000).sources, [{ source: '198.18.0.3', samples: 1, share: 1 }]);
});
