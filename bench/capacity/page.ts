/** Goals, charts and text of the drop capacity. */
import { barChart } from '../chart/bar-chart.js';
import { figures, sizeText } from '../chart/number-text.js';
import type { Goal, PartResult } from '../harness/result.js';
import { table } from '../report/markdown.js';
import { compared, goalOf, ratio, type Chart, type Page } from '../report/page.js';

const ours = 'offload, native XDP';

export const capacitySizes = (result: Pick<PartResult, 'measurements'>): number[] =>
  [...new Set(result.measurements.map(({ size }) => size ?? 0))].sort((a, b) => a - b);

const at = (result: PartResult, subject: string, size: number): PartResult['measurements'][number] | undefined =>
  result.measurements.find((one) => one.subject === subject && one.size === size);

function goals(result: PartResult): Goal[] {
  const times = (rival: string): (number | null)[] =>
    capacitySizes(result).map((size) => compared(at(result, rival, size), at(result, ours, size), ratio));
  return [
    ...goalOf('drop capacity against an nft set in raw', '×', 'at least', 4, times('nft set (raw)')),
    ...goalOf('drop capacity against ipset in iptables raw', '×', 'at least', 4.5, times('ipset (iptables raw)')),
  ];
}

function charts(result: PartResult): Chart[] {
  return capacitySizes(result).map((size) => {
    const bars = result.measurements
      .filter((one) => one.size === size)
      .map((value) => ({ name: value.subject, value }));
    bars.sort((a, b) => b.value.median - a.value.median);
    const title = `What a dropped packet costs, ${sizeText(size)} sources blocked`;
    const svg = barChart({
      title,
      subtitle:
        'Nanoseconds from making the frame to its drop, on one core; medians, the middle half of the samples as a line',
      x: 'ns per packet',
      bars,
      ours: (name) => name.startsWith('offload'),
    });
    return { file: `capacity-${size}.svg`, alt: title, svg };
  });
}

function findings(result: PartResult): string {
  const rows = result.measurements.map(({ size, subject, median, low, high }) => {
    const times = compared(at(result, subject, size ?? 0), at(result, ours, size ?? 0), ratio);
    const mega = median > 0 ? 1000 / median : NaN;
    const range = `${figures(low)}–${figures(high)}`;
    return [sizeText(size ?? 0), subject, figures(median), range, figures(mega), times === null ? '' : `${figures(times)}×`];
  });
  return table(['sources', 'defence', 'ns', 'middle half', 'M packets/s', 'offload is faster'], rows, [0, 2, 3, 4, 5]);
} // prettier-ignore

export const capacityPage: Page = {
  title: 'Drop capacity',
  goals,
  charts,
  method: `Live frames of a test run get one of the blocked sources each, leave by a veth, and are met by its peer in the same run on the same core;
the kernel reports its duration. Each defence has a namespace of its own, so that the receiver has nothing else to do. The time is that of
sending _and_ dropping: "XDP_DROP of everything" is what sending alone costs, near enough. After the rounds each receiver must have got none
of the packets. Packets are UDP, 64 bytes on the wire. Sources are scattered over a /4, so that none of them are neighbours.

Limits: a veth is no network card. Where the card's driver runs XDP, a drop spares the allocation of a socket buffer, as here; where it does
not (generic XDP), it is later. A flood that saturates several cores meets locks that one core does not show.
`,
  findings,
};
