/** What is written is a pcapng that others read: our own reader, and tcpdump. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { CaptureReader } from '../../src/capture/capture-reader.js';
import type { CapturedPacket } from '../../src/capture/captured-packet.js';
import { pcapngHeader, pcapngInterface, pcapngPacket } from '../../src/capture/write-pcapng.js';
import { frameOf, synPacket } from '../compile/frame.js';

const frame = frameOf({ ...synPacket, saddr: [0xc6120001], payload: 3 });
const time = 1_700_000_000_123_456_789n;
const comment = 'ip filter INPUT 3  -s 198.18.0.0/15 -j DROP “böse”';
const packets = [
  { interface: 0, time, length: frame.length, bytes: frame, comment },
  { interface: 1, time: time + 1n, length: 1514, bytes: frame.subarray(0, 53), comment: '' },
  { interface: 1, time: time + 2n, length: 60, bytes: new Uint8Array(), comment: 'x'.repeat(100_000) },
];
const file = Buffer.concat([
  pcapngHeader('test'),
  pcapngInterface('eth0', 152),
  pcapngInterface('eth1.5', 152),
  ...packets.map(pcapngPacket),
]);

async function* chunks(): AsyncGenerator<Uint8Array> {
  yield file;
}

test('our reader gives back what was written', async (t) => {
  const reader = new CaptureReader('test');
  const found: CapturedPacket[] = [];
  for await (const some of reader.packets(chunks())) found.push(...some);
  t.is(reader.leftOver, 0);
  t.deepEqual(
    found.map(({ bytes, length, link, direction }) => ({ bytes: [...bytes], length, link, direction })),
    packets.map(({ bytes, length }) => ({ bytes: [...bytes], length, link: 1, direction: 'in' })),
  );
  t.is(found[0]?.seconds, Number(time) / 1e9);
});

test('every block says its length at both ends, and is made of whole words', (t) => {
  let blocks = 0;
  for (let at = 0; at < file.length; blocks++) {
    const length = file.readUInt32LE(at + 4);
    t.is(length % 4, 0);
    t.is(file.readUInt32LE(at + length - 4), length);
    at += length;
  }
  t.is(blocks, 6);
  t.true(file.includes(Buffer.from(comment)));
});

test('tcpdump reads it', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'offload-pcapng-'));
  try {
    const path = join(directory, 'drops.pcapng');
    writeFileSync(path, file);
    const text = execFileSync('tcpdump', ['-n', '-tttt', '-r', path], {
      encoding: 'utf8',
      env: { ...process.env, TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const lines = text.trimEnd().split('\n');
    t.is(lines.length, 3);
    t.regex(lines[0] ?? '', /^2023-11-14 22:13:20\.123456.* IP 198\.18\.0\.1\.40000 > 192\.0\.2\.1\.80: Flags \[S\]/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
