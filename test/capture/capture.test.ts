/** Capture files to packets: both formats in all their variants, in chunks of any size, whole and broken. */
import test from 'ava';
import { CaptureReader } from '../../src/capture/capture-reader.js';
import type { CapturedPacket } from '../../src/capture/captured-packet.js';
import { InputError } from '../../src/diagnostic.js';
import {
  enhancedBlock,
  otherBlock,
  pcap,
  pcapng,
  sectionBlock,
  simpleBlock,
  type WrittenPacket,
} from './write-capture.js';

const bytesOf = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const packets: readonly WrittenPacket[] = [
  { bytes: bytesOf(1, 2, 3, 4, 5), seconds: 1_700_000_000.25 },
  { bytes: bytesOf(), seconds: 1_700_000_000.5 },
  { bytes: bytesOf(6, 7, 8, 9), length: 1500, seconds: 1_700_000_001.75 },
];

async function* chunksOf(file: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += size) yield file.slice(at, at + size);
}

async function read(file: Uint8Array, chunk = 1 << 20): Promise<{ packets: CapturedPacket[]; leftOver: number }> {
  const reader = new CaptureReader('test');
  const found: CapturedPacket[] = [];
  for await (const some of reader.packets(chunksOf(file, chunk))) found.push(...some);
  return { packets: found, leftOver: reader.leftOver };
}

const plain = ({ number, seconds, bytes, length, link, direction }: CapturedPacket) => ({
  number,
  seconds,
  bytes: [...bytes],
  length,
  link,
  direction,
});

const expected = (link: number) =>
  packets.map(({ bytes, length, seconds }, i) => ({
    number: i + 1,
    seconds,
    bytes: [...bytes],
    length: length ?? bytes.length,
    link,
    direction: null,
  }));

for (const little of [true, false]) {
  const order = little ? 'little' : 'big';
  for (const nanoseconds of [true, false]) {
    test(`pcap, ${order} endian, ${nanoseconds ? 'nano' : 'micro'}seconds`, async (t) => {
      const file = pcap(packets, { little, nanoseconds, link: 113 });
      for (const chunk of [1, 7, 24, 1 << 20]) {
        const { packets: found, leftOver } = await read(file, chunk);
        t.deepEqual(found.map(plain), expected(113), `chunks of ${chunk}`);
        t.is(leftOver, 0);
      }
    });
  }

  test(`pcapng, ${order} endian: interfaces with their own link types and clocks`, async (t) => {
    const interfaces = [
      { link: 1 },
      { link: 101, resolution: 9 },
      { link: 276, resolution: 0x8a, offset: 1_700_000_000 },
    ];
    const written: WrittenPacket[] = [
      { bytes: bytesOf(1), seconds: 1_700_000_000.25, direction: 'in' },
      { bytes: bytesOf(1, 2), seconds: 1_000_000.125, interface: 1, direction: 'out' },
      { bytes: bytesOf(1, 2, 3), seconds: 2.5, interface: 2, length: 90 },
    ];
    for (const chunk of [1, 13, 1 << 20]) {
      const { packets: found } = await read(pcapng(written, interfaces, little), chunk);
      t.deepEqual(found.map(plain), [
        { number: 1, seconds: 1_700_000_000.25, bytes: [1], length: 1, link: 1, direction: 'in' },
        { number: 2, seconds: 1_000_000.125, bytes: [1, 2], length: 2, link: 101, direction: 'out' },
        { number: 3, seconds: 1_700_000_002.5, bytes: [1, 2, 3], length: 90, link: 276, direction: null },
      ]);
    }
  });

  test(`pcapng, ${order} endian: simple packets have no time, and the snapshot length of the first interface`, async (t) => {
    const file = Buffer.concat([
      pcapng([], [{ link: 1, snapLength: 3 }, { link: 101 }], little),
      simpleBlock(little, { bytes: bytesOf(1, 2), length: 2 }),
      simpleBlock(little, { bytes: bytesOf(1, 2, 3), length: 9 }),
    ]);
    t.deepEqual((await read(file)).packets.map(plain), [
      { number: 1, seconds: null, bytes: [1, 2], length: 2, link: 1, direction: null },
      { number: 2, seconds: null, bytes: [1, 2, 3], length: 9, link: 1, direction: null },
    ]);
  });
}

test('pcapng: a new section has its own byte order and interfaces', async (t) => {
  const file = Buffer.concat([
    pcapng([{ bytes: bytesOf(1) }], [{ link: 1 }], true),
    pcapng([{ bytes: bytesOf(2) }], [{ link: 101 }], false),
  ]);
  t.deepEqual(
    (await read(file, 5)).packets.map(({ number, link }) => [number, link]),
    [
      [1, 1],
      [2, 101],
    ],
  );
});

test('pcapng: large blocks of other kinds are passed over', async (t) => {
  const file = Buffer.concat([
    pcapng([], [{ link: 1 }], true),
    otherBlock(true, 300_000),
    enhancedBlock(true, { bytes: bytesOf(1) }),
  ]);
  t.is((await read(file, 4096)).packets.length, 1);
});

test('a file that ends within a packet gives those before it, and says so', async (t) => {
  for (const file of [
    pcap(packets, { little: true, nanoseconds: false, link: 1 }),
    pcapng(packets, [{ link: 1 }], true),
  ]) {
    const { packets: found, leftOver } = await read(file.subarray(0, file.length - 2));
    t.is(found.length, 2);
    t.true(leftOver > 0);
  }
});

const broken: readonly (readonly [title: string, file: Uint8Array, message: RegExp])[] = [
  ['nothing', bytesOf(), /is empty/],
  ['text', Buffer.from('*filter\n'), /neither a pcap nor a pcapng/],
  [
    'a record that claims too much',
    Buffer.concat([pcap(packets, { little: true, nanoseconds: false, link: 1 }), Buffer.alloc(16, 0xee)]),
    /broken behind packet 3, from byte 81 on: a record claims/,
  ],
  ['a packet of no interface', pcapng([{ bytes: bytesOf(1), interface: 0 }], [], true), /names interface 0/],
  [
    'a block length that is none',
    Buffer.concat([pcapng([], [{ link: 1 }], true), bytesOf(6, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0)]),
    /claims a length of 5 bytes/,
  ],
  [
    'lengths that differ',
    Buffer.concat([sectionBlock(true).subarray(0, 24), bytesOf(99, 0, 0, 0)]),
    /two lengths of a block differ/,
  ],
];

for (const [title, file, message] of broken) {
  test(`broken: ${title}`, async (t) => {
    const error = await t.throwsAsync(() => read(file), { instanceOf: InputError });
    t.is(error.diagnostics[0]?.code, 'not-a-capture');
    t.regex(error.message, message);
  });
}
