import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { Installed } from '../../src/load/apply.js';
import { LoadError } from '../../src/load/load-error.js';
import type { InstallRecord } from '../../src/state/install-record.js';
import { forgetRecord, openJournal, readRecord } from '../../src/state/journal.js';

const installed = (name: string, programId: number): Installed => ({
  device: { name, ifindex: 2, mac: 1, position: 0 },
  programId,
  mode: 'native',
});

const recordOf = ({ device, programId, mode }: Installed): InstallRecord => ({
  version: 1,
  device: device.name,
  mode,
  programId,
  attachedAt: '2026-01-01T00:00:00.000Z',
  files: ['rules.v4'],
  counters: [],
  texts: {},
});

function withDirectory(body: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'offload-state-'));
  try {
    body(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('a record is there before, and the old one until the commit', (t) => {
  withDirectory((parent) => {
    const state = join(parent, 'state');
    const first = openJournal(state, recordOf);
    first.prepare([installed('eth0', 7), installed('eth0.5', 8)]);
    first.commit();
    t.is(statSync(state).mode & 0o777, 0o700);
    t.is(statSync(join(state, 'eth0.7.json')).mode & 0o777, 0o600);
    const second = openJournal(state, recordOf);
    second.prepare([installed('eth0', 9)]);
    t.is(readRecord(state, 'eth0', 7)?.programId, 7);
    t.is(readRecord(state, 'eth0', 9)?.programId, 9);
    second.commit();
    t.is(readRecord(state, 'eth0', 7), null);
    // The name of one device begins with the other's.
    t.is(readRecord(state, 'eth0.5', 8)?.device, 'eth0.5');
    forgetRecord(state, 'eth0');
    t.deepEqual(readdirSync(state), ['eth0.5.8.json']);
  });
});

test('discarding leaves the old record', (t) => {
  withDirectory((state) => {
    const first = openJournal(state, recordOf);
    first.prepare([installed('eth0', 7)]);
    first.commit();
    const second = openJournal(state, recordOf);
    second.prepare([installed('eth0', 9)]);
    second.discard();
    t.deepEqual(readdirSync(state), ['eth0.7.json']);
  });
});

test('a directory that cannot be one is explained; rubbish is no record', (t) => {
  withDirectory((state) => {
    writeFileSync(join(state, 'file'), '');
    const error = t.throws(() => openJournal(join(state, 'file'), recordOf).prepare([installed('eth0', 7)]), {
      instanceOf: LoadError,
    });
    t.regex(error.message, /cannot be kept in .*\n {2}hint: free some space or name another directory with --state/);
    writeFileSync(join(state, 'eth0.7.json'), '{"version": 1');
    t.is(readRecord(state, 'eth0', 7), null);
    writeFileSync(join(state, 'eth0.8.json'), JSON.stringify({ ...recordOf(installed('eth0', 8)), version: 2 }));
    t.is(readRecord(state, 'eth0', 8), null);
    forgetRecord(join(state, 'none'), 'eth0');
  });
});
