/** `offload tail`: what XDP drops, packet by packet, sampled. */
import { setTimeout } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { loadNative } from '../load/native.js';
import { counted } from '../report/quantity.js';
import { tailJson, tailText } from '../report/tail-lines.js';
import type { Rate } from '../sample/rate.js';
import { nothingAttached, Tap, type TapChange, type TappedSample } from '../sample/tap.js';
import { type SampleSink, captureSink } from './capture-sink.js';
import { bpffsOption, deviceName, positive, stateOption } from './option.js';
import { complain, print, terminalStyle } from './output.js';

interface TailOptions {
  readonly dev?: readonly string[];
  readonly rate: Rate;
  readonly count?: number;
  readonly write?: string;
  readonly format: 'text' | 'json';
  readonly bpffs: string;
  readonly state: string;
}

const defaultRate: Rate = { kind: 'per-second', packets: 100 };
/** Milliseconds between two looks. */
const interval = 100;
/** Looks between two at whether the filters are still the same. */
const followEvery = 10;

export function addTailCommand(program: Command): void {
  program
    .command('tail')
    .description('print what XDP drops, sampled: each packet with the rule that it is dropped for')
    .option('--dev <IF>', 'packets of this device (repeatable); without it of every device with a filter', deviceName)
    .addOption(
      new Option('--rate <RATE>', 'at most N/s, each packet with the same chance; 1/N: one in N; all')
        .argParser(rateOf)
        .default(defaultRate, '100/s'),
    )
    .option('--count <N>', 'end after so many', positive)
    .option('--write <FILE>', 'write a pcapng file, the rules as comments of the packets; - is standard output')
    .addOption(new Option('--format <FORMAT>', 'lines for people, or JSON').choices(['text', 'json']).default('text'))
    .addOption(bpffsOption())
    .addOption(stateOption())
    .action(tail);
}

function rateOf(value: string): Rate {
  const perSecond = /^(\d{1,6})\/s$/.exec(value)?.[1];
  if (perSecond !== undefined && Number(perSecond) > 0) return { kind: 'per-second', packets: Number(perSecond) };
  const oneIn = value === 'all' ? '1' : /^1\/(\d{1,9})$/.exec(value)?.[1];
  if (oneIn !== undefined && Number(oneIn) > 0) return { kind: 'one-in', n: Number(oneIn) };
  throw new InvalidArgumentError('It wants N/s (at most so many a second), 1/N (one in N) or all.');
}

async function tail(options: TailOptions): Promise<void> {
  const { dev: devices = null, bpffs, state, rate } = options;
  const tap = await Tap.open(loadNative(), { devices, bpffs, state, rate });
  // Also when a closed pipe ends the process: programs stop to take samples at once instead of three seconds later.
  process.once('exit', () => tap.close());
  if (tap.devices.length === 0) throw nothingAttached(devices);
  const missing = (devices ?? []).filter((device) => !tap.devices.includes(device));
  if (missing.length > 0) complain(`no filter of offload is attached to ${missing.join(', ')}`);
  const sink = await openSink(options);
  try {
    complain(`samples of what is dropped on ${tap.devices.join(', ')}; end with Ctrl-C`);
    const taken = await listen(tap, options.count ?? Infinity, sink);
    complain(
      `${counted(taken, 'sample')}${tap.lost > 0 ? `, ${counted(tap.lost, 'more')} were lost: they came too fast` : ''}`,
    );
  } finally {
    tap.close();
    sink.close();
  }
}

/** Until there are enough, nothing is left to listen to, or a signal comes. Returns how many were taken. */
async function listen(tap: Tap, most: number, sink: SampleSink): Promise<number> {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  let taken = 0;
  for (let look = 0; ; look++) {
    const samples = tap.read().slice(0, most - taken);
    await sink.write(samples);
    taken += samples.length;
    if (taken >= most || stop.signal.aborted || tap.devices.length === 0) return taken;
    tap.renew();
    if (look % followEvery === followEvery - 1) for (const change of await tap.follow()) complain(changeText(change));
    await setTimeout(interval, undefined, { signal: stop.signal }).catch(() => undefined);
  }
}

function changeText({ device, now }: TapChange): string {
  switch (now) {
    case 'attached':
      return `${device}: a filter was attached`;
    case 'replaced':
      return `${device}: the filter was replaced; going on with the new one`;
    case 'gone':
      return `${device}: the filter is gone`;
  }
}

function openSink({ write: file, format }: TailOptions): SampleSink | Promise<SampleSink> {
  if (file !== undefined) return captureSink(file);
  const style = terminalStyle(false);
  const line = format === 'json' ? tailJson : (sample: TappedSample): string => tailText(sample, style);
  return { write: (samples) => print(samples.map(line)), close: () => undefined };
}
