/** Goals, charts and text of the drop capacity. */
import { barChart } from '../chart/bar-chart.js';
import { figures, sizeText } from '../chart/number-text.js';
import type { Goal, Measurement, PartResult } from '../harness/result.js';
import { table } from '../report/markdown.js';
import { compared, goalOf, ratio, type Chart, type Page } from '../report/page.js';
import { ours, scenarios } from './names.js';

export const capacitySizes = (result: Pick<PartResult, 'measurements'>): number[] =>
  [...new Set(result.measurements.map(({ size }) => size ?? 0))].sort((a, b) => a - b);

type Scenario = (typeof scenarios)[keyof typeof scenarios];

const at = (result: PartResult, scenario: Scenario, subject: string, size: number | null): Measurement | undefined =>
  result.measurements.find((one) => one.scenario === scenario && one.subject === subject && one.size === size);

/** How many times as long the defence takes as offload. */
const timesOurs = (result: PartResult, scenario: Scenario, subject: string, size: number | null): number | null =>
  compared(at(result, scenario, subject, size), at(result, scenario, ours, size), ratio);

function goals(result: PartResult): Goal[] {
  const times = (rival: string): (number | null)[] =>
    capacitySizes(result).map((size) => timesOurs(result, scenarios.driver, rival, size));
  return [
    ...goalOf('drop capacity against an nft set in raw', '×', 'at least', 4, times('nft set (raw)')),
    ...goalOf('drop capacity against ipset in iptables raw', '×', 'at least', 4.5, times('ipset (iptables raw)')),
  ];
}

function charts(result: PartResult): Chart[] {
  return capacitySizes(result).map((size) => {
    const bars = result.measurements
      .filter((one) => one.size === size && one.scenario === scenarios.driver)
      .map((value) => ({ name: value.subject, value }));
    bars.sort((a, b) => b.value.median - a.value.median);
    const title = `What a dropped packet costs, ${sizeText(size)} sources blocked`;
    const svg = barChart({
      title,
      subtitle:
        'Nanoseconds from the driver to the drop, on one core; medians, the middle half of the samples as a line',
      x: 'ns per packet',
      bars,
      ours: (name) => name.startsWith('offload'),
    });
    return { file: `capacity-${size}.svg`, alt: title, svg };
  });
}

function findings(result: PartResult): string {
  const times = (scenario: Scenario, subject: string, size: number | null): string => {
    const found = timesOurs(result, scenario, subject, size);
    return found === null ? '' : `${figures(found)}×`;
  };
  const measured = result.measurements.filter(({ scenario }) => scenario === scenarios.driver);
  const rows = measured.map(({ size, subject, median, low, high }) => {
    const sent = at(result, scenarios.veth, subject, size);
    return [
      ...[sizeText(size ?? 0), subject, figures(median), `${figures(low)}–${figures(high)}`, figures(1000 / median)],
      ...[times(scenarios.driver, subject, size), sent ? figures(sent.median) : '', times(scenarios.veth, subject, size)],
    ];
  });
  const columns = ['sources', 'defence', 'ns', 'middle half', 'M packets/s', 'offload is faster', 'ns by a veth', 'offload is faster there'];
  return table(columns, rows, [0, 2, 3, 4, 5, 6, 7]);
} // prettier-ignore

export const capacityPage: Page = {
  title: 'Drop capacity',
  goals,
  charts,
  method: `Live frames of a test run get one of the blocked sources each, and the kernel reports the run's duration. _From the driver_: they arrive
on the device as if its driver had received them. The program that is attached there natively gets them first, called by a tail call; what
is let through goes to the stack of the device in lists, as from a driver. "XDP_DROP of everything" is what making and giving back a frame costs.
_By a veth_: they are sent by a device, and met by its peer in the same run on the same core, so that the time is that of sending _and_
dropping, and "XDP_DROP of everything" what sending alone costs, near enough: no receiver of a flood pays for that. Each defence has a
namespace of its own, so that the receiver has nothing else to do. After the rounds each receiver must have got none of the packets. Packets
are UDP, 64 bytes on the wire. Sources are scattered over a /4, so that none of them are neighbours. Goals are about what comes from the driver.

Limits: neither is a network card, whose driver has work with each frame that is the same for all defences. Where the card's driver runs XDP, a
drop spares the allocation of a socket buffer, as here; where it does not (generic XDP), it is later. A flood that saturates several cores meets
locks that one core does not show.
`,
  findings,
};
