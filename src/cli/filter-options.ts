/** Options of the commands that attach a filter: what it is like, and where its pins and state are. */
import { type Command, Option } from 'commander';
import type { Chain } from '../load/chain.js';
import {
  addressPrefix,
  bpffsOption,
  chainPlace,
  megabytes,
  pinPath,
  portNumber,
  repeated,
  stateOption,
} from './option.js';

export interface FilterOptions {
  readonly mode: 'native' | 'generic';
  readonly chain?: Chain;
  readonly before?: string;
  readonly allow?: readonly string[];
  readonly allowPort?: readonly number[];
  readonly strict?: true;
  readonly conntrack: boolean;
  readonly counters?: boolean;
  readonly samples?: boolean;
  readonly memory?: number;
  readonly assume?: readonly string[];
  readonly bpffs: string;
  readonly state: string;
}

export const addFilterOptions = (command: Command): Command =>
  command
    .addOption(new Option('--mode <MODE>', 'XDP mode').choices(['native', 'generic']).default('native'))
    .option(
      '--chain <PIN[:INDEX]>',
      'do not attach: somebody else’s XDP program on the device calls the filter from this array of programs',
      chainPlace,
    )
    .option(
      '--before <PIN>',
      'hand what the filter passes to somebody else’s XDP program, which is pinned there; on a device that runs it, take its place',
      pinPath,
    )
    .option('--allow <PREFIX>', 'never drop packets from these addresses in XDP (repeatable)', addressPrefix)
    .option('--allow-port <PORT>', 'never drop packets to this TCP or UDP port in XDP (repeatable)', portNumber)
    .option('--strict', 'never drop a packet of a tracked flow after the conntrack hook')
    .option('--no-conntrack', 'do not ask conntrack: what stands below an established-accept stays in netfilter')
    .option('--no-counters', 'do not count drops: a little faster, but nothing tells which rule dropped what')
    .option('--no-samples', 'load a program that `offload tail` cannot listen to')
    .option('--memory <MB>', 'most memory for matching rules; the last rules stay in netfilter', megabytes, 64)
    .option('--assume <CODE>', 'take an assumption as given (repeatable)', repeated)
    .addOption(bpffsOption())
    .addOption(stateOption());
