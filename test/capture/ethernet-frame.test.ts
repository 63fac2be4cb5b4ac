/** Every link type to the frame that XDP would have been handed, and what a cut capture still tells. */
import test from 'ava';
import type { CapturedPacket } from '../../src/capture/captured-packet.js';
import { ethernetFrame, linkTypes } from '../../src/capture/ethernet-frame.js';
import { headersEnd } from '../../src/capture/headers-end.js';
import type { FrameSpec } from '../../src/oracle/build-frame.js';
import { parseAddress } from '../../src/oracle/parse-prefix.js';
import { frame as frameFor, frame6, MAC, PEER } from '../oracle/rulesets.js';

const ipv4 = frameFor({ saddr: parseAddress(4, '203.0.113.7') });
const ipv6 = frameFor({
  family: 6,
  saddr: parseAddress(6, '2001:db8::7'),
  daddr: parseAddress(6, '2001:db8::1'),
});

const packet = (link: number, bytes: Uint8Array, more: Partial<CapturedPacket> = {}): CapturedPacket => ({
  number: 1,
  seconds: 0,
  bytes: bytes.slice(),
  length: bytes.length,
  link,
  direction: null,
  ...more,
});

const header = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const behind = (head: Uint8Array, frame: Uint8Array): Uint8Array => Buffer.concat([head, frame.subarray(14)]);

function framed(one: CapturedPacket, takeAll = false): Uint8Array {
  const result = ethernetFrame(one, MAC, takeAll);
  if (result.kind !== 'frame') throw new Error(result.kind);
  return result.bytes;
}

const mac = (bytes: Uint8Array, at: number): number => Buffer.from(bytes).readUIntBE(at, 6);
const sll = (type: number, protocol: number): Uint8Array =>
  header(0, type, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, protocol >> 8, protocol & 255);
const sll2 = (type: number, protocol: number): Uint8Array =>
  header(protocol >> 8, protocol & 255, 0, 0, 0, 0, 0, 2, 0, 1, type, 6, 2, 0, 0, 0, 0, 9, 0, 0);

const variants: readonly (readonly [title: string, link: number, head: Uint8Array, frame: Uint8Array])[] = [
  ['raw IPv4', linkTypes.raw, header(), ipv4],
  ['raw IPv6', linkTypes.raw, header(), ipv6],
  ['raw, BSD', linkTypes.rawBsd, header(), ipv4],
  ['raw, OpenBSD', linkTypes.rawOpenBsd, header(), ipv6],
  ['IPv4', linkTypes.ipv4, header(), ipv4],
  ['IPv6', linkTypes.ipv6, header(), ipv6],
  ['cooked', linkTypes.cooked, sll(0, 0x0800), ipv4],
  ['cooked, IPv6', linkTypes.cooked, sll(0, 0x86dd), ipv6],
  ['cooked v2', linkTypes.cooked2, sll2(0, 0x0800), ipv4],
  ['null, little endian', linkTypes.null, header(2, 0, 0, 0), ipv4],
  ['null, big endian', linkTypes.null, header(0, 0, 0, 30), ipv6],
  ['loopback', linkTypes.loop, header(0, 0, 0, 2), ipv4],
];

for (const [title, link, head, frame] of variants) {
  test(`${title}: the same packet behind a header of Ethernet`, (t) => {
    const made = framed(packet(link, behind(head, frame)));
    t.is(mac(made, 0), MAC);
    t.deepEqual([...made.subarray(12)], [...frame.subarray(12)]);
  });
}

test('cooked: how the packet was addressed', (t) => {
  const destination = (type: number): number =>
    mac(framed(packet(linkTypes.cooked, behind(sll(type, 0x0800), ipv4))), 0);
  t.is(destination(1), 0xffffffffffff);
  t.is(destination(2) % 2 ** 40 >= 0, true);
  t.is(Math.floor(destination(2) / 2 ** 40) & 1, 1);
  t.not(destination(3), MAC);
  t.is(mac(framed(packet(linkTypes.cooked, behind(sll(0, 0x0800), ipv4))), 6), 0x020000000009);
  for (const [link, head] of [
    [linkTypes.cooked, sll(4, 0x0800)],
    [linkTypes.cooked2, sll2(4, 0x0800)],
  ] as const)
    t.is(ethernetFrame(packet(link, behind(head, ipv4)), MAC, false).kind, 'sent');
});

test('what the capturing host sent has not met XDP', (t) => {
  t.is(ethernetFrame(packet(linkTypes.ethernet, ipv4, { direction: 'out' }), MAC, false).kind, 'sent');
  t.is(ethernetFrame(packet(linkTypes.ethernet, ipv4, { direction: 'in' }), MAC, false).kind, 'frame');
});

test('what of a header was made up is told', (t) => {
  const hiddenOf = (link: number, bytes: Uint8Array): readonly string[] => {
    const result = ethernetFrame(packet(link, bytes), MAC, false);
    return result.kind === 'frame' ? [...result.hidden] : [result.kind];
  };
  t.deepEqual(hiddenOf(linkTypes.ethernet, ipv4), []);
  t.deepEqual(hiddenOf(linkTypes.raw, behind(header(), ipv4)), ['smac', 'packetType']);
  t.deepEqual(hiddenOf(linkTypes.null, behind(header(2, 0, 0, 0), ipv4)), ['smac', 'packetType']);
  t.deepEqual(hiddenOf(linkTypes.cooked, behind(sll(0, 0x0800), ipv4)), []);
  t.deepEqual(hiddenOf(linkTypes.cooked2, behind(sll2(0, 0x0800), ipv4)), []);
  const nameless = (head: Uint8Array, at: number): Uint8Array => behind(Object.assign(head, { [at]: 0 }), ipv4);
  t.deepEqual(hiddenOf(linkTypes.cooked, nameless(sll(0, 0x0800), 5)), ['smac']);
  t.deepEqual(hiddenOf(linkTypes.cooked2, nameless(sll2(0, 0x0800), 11)), ['smac']);
});

test('a link type that is not read is no frame', (t) => {
  t.deepEqual(ethernetFrame(packet(105, ipv4), MAC, false), { kind: 'unreadable', why: 'link type 105 is not read' });
});

test('unicast frames are made ones for a device of unknown address, groups are not', (t) => {
  const stranger = frameFor({ destinationMac: PEER });
  t.is(mac(framed(packet(linkTypes.ethernet, stranger)), 0), PEER);
  t.is(mac(framed(packet(linkTypes.ethernet, stranger), true), 0), MAC);
  const broadcast = frameFor({ destinationMac: 0xffffffffffff });
  t.is(mac(framed(packet(linkTypes.ethernet, broadcast), true), 0), 0xffffffffffff);
});

test('a cut packet is as long as it was, with zeros', (t) => {
  const result = ethernetFrame(packet(linkTypes.ethernet, ipv4.subarray(0, 40), { length: ipv4.length }), MAC, false);
  t.true(result.kind === 'frame' && result.bytes.length === ipv4.length && result.captured === 40);
  const raw = ethernetFrame(packet(linkTypes.raw, ipv4.subarray(14, 40), { length: 500 }), MAC, false);
  t.true(raw.kind === 'frame' && raw.bytes.length === 514 && raw.captured === 40);
});

test('the end of the headers is known as soon as they are there, and no sooner', (t) => {
  const base: Partial<FrameSpec> = { payload: 200 };
  const specs: readonly Partial<FrameSpec>[] = [
    base,
    { ...base, protocol: 17 },
    { ...base, vlans: [0, 0] },
    { ...base, fragment: { offset: 0, more: true } },
    { ...base, options: new Uint8Array(40).fill(1) },
    { ...base, extensions: [{ type: 60, bytes: new Uint8Array(8) }] },
  ];
  for (const spec of specs) {
    for (const built of [frameFor(spec), frame6(spec)]) {
      const end = headersEnd(built, built.length);
      const cut = (length: number): Uint8Array => built.map((byte, i) => (i < length ? byte : 0));
      t.is(headersEnd(cut(end), end), end, JSON.stringify(spec));
      for (let length = 14; length < end; length++) t.true(headersEnd(cut(length), length) > length);
    }
  }
});
