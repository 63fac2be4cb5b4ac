/**
 * Nanoseconds per packet of the data plane, by BPF_PROG_TEST_RUN over many source addresses. Needs root.
 * `npx tsx bench/dataplane.ts [--rounds N] [--repeat N] [--only TEXT] [--json FILE]`
 *
 * All cases are loaded first and then run in turn, round by round, so that a noisy minute hits all of them; the table gives medians.
 * "drop" only rewrites the source address and drops: it is the price of measuring. "parse" is the program without steps.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { config, familyConfig, offsetOf } from '../src/compile/abi.js';
import { compilePrefilter } from '../src/compile/compile.js';
import { counterRows } from '../src/load/load-image.js';
import { loadNative } from '../src/load/native.js';
import { casesOf, type Case } from './dataplane-cases.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    repeat: { type: 'string', default: '1000000' },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
  },
});

const native = loadNative();
const object = readFileSync(new URL('../build/bpf/bench.bpf.o', import.meta.url));
const keysHeaderBytes = 16;

interface Running {
  readonly name: string;
  readonly program: number;
  readonly frame: Uint8Array;
  readonly verdict: number;
  readonly bytes: number;
  readonly compileMs: number;
  readonly ns: number[];
}

/** The program without steps still parses: set `enabled`, which the compiler leaves 0. */
function parseOnly(rodata: Uint8Array): Uint8Array {
  for (const family of ['ip', 'ip6']) rodata[offsetOf(config, family) + offsetOf(familyConfig, 'enabled')] = 1;
  return rodata;
}

async function load(bench: Case): Promise<Running> {
  const before = performance.now();
  const image = compilePrefilter(bench.prefilter);
  const compileMs = performance.now() - before;
  const rodata = image.rodata({ mac: bench.mac, position: 0 }, 0n);
  const { program, maps } = await native.load(
    object,
    bench.program,
    bench.steps === 'none' ? parseOnly(rodata) : rodata,
    [
      { name: 'tables', valueSize: image.tables.length },
      { name: 'counters', ...counterRows(native, image.counters) },
    ],
  );
  native.writeMappable(maps['tables']!, 0, image.tables);
  const header = new Uint32Array([0, bench.keys.length / bench.keyWords - 1, 0, 0]);
  native.writeMappable(maps['keys']!, 0, new Uint8Array(header.buffer));
  native.writeMappable(maps['keys']!, keysHeaderBytes, networkOrder(bench.keys));
  return {
    name: bench.name,
    program,
    frame: bench.frame,
    verdict: bench.verdict,
    bytes: image.tables.length,
    compileMs,
    ns: [],
  };
}

function networkOrder(words: Uint32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(words.byteLength));
  words.forEach((word, i) => view.setUint32(i * 4, word, false));
  return new Uint8Array(view.buffer);
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

async function measure(running: readonly Running[]): Promise<void> {
  for (let round = 0; round <= Number(options.rounds); round++) {
    for (const each of running) {
      const { verdict, nanoseconds } = await native.testRunTimed(each.program, 0, each.frame, Number(options.repeat));
      if (verdict !== each.verdict) throw new Error(`${each.name}: verdict ${verdict}, expected ${each.verdict}`);
      // The first round warms up.
      if (round > 0) each.ns.push(nanoseconds);
    }
  }
}

const cases = casesOf().filter(({ name, steps }) => steps !== 'some' || new RegExp(options.only).test(name));
const running: Running[] = [];
for (const each of cases) running.push(await load(each));
await measure(running);
const rows = running.map(({ name, ns, bytes, compileMs }) => ({
  name,
  ns: median(ns),
  least: Math.min(...ns),
  tableKiB: Math.round(bytes / 1024),
  compileMs: Math.round(compileMs),
}));
console.table(rows);
if (options.json !== undefined)
  writeFileSync(options.json, JSON.stringify({ rounds: Number(options.rounds), rows }, null, 2) + '\n');
