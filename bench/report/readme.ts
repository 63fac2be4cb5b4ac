/** What the README says of speed: two charts and a few figures, all from the results. */
import { scenarios } from '../capacity/names.js';
import { capacitySizes } from '../capacity/page.js';
import { figures } from '../chart/number-text.js';
import { find, type Measurement, type PartResult } from '../harness/result.js';

const block = /(<!-- benchmarks -->\n)[^]*?(<!-- \/benchmarks -->)/;

/** The README with that part made anew. Throws when it has no place for it. */
export function readmeWith(readme: string, results: readonly PartResult[]): string {
  if (!block.test(readme)) throw new Error('README.md lacks the lines <!-- benchmarks --> and <!-- /benchmarks -->');
  return readme.replace(block, (_, begin: string, end: string) => `${begin}\n${speedText(results)}\n${end}`);
}

function speedText(results: readonly PartResult[]): string {
  const of = (part: string): PartResult | undefined => results.find((result) => result.part === part && result.full);
  const texts = [dataplaneText(of('dataplane')), capacityText(of('capacity'))].filter((text) => text !== '');
  const goals = results.flatMap(({ goals: list }) => list);
  const met = goals.filter((goal) => goal.met).length;
  if (texts.length === 0) return 'Not measured yet: `npm run bench` does it.\n';
  return [
    ...texts,
    `\`npm run bench\` measures all of it again, beside iptables, ipset, nft and xdp-filter: [method, limits, figures](docs/benchmarks/README.md). Of its ${goals.length} goals ${met} are met; the page names each.\n`,
  ].join('\n');
}

const ns = ({ median }: Measurement): string => `${figures(median)} ns`;

function dataplaneText(result: PartResult | undefined): string {
  if (!result) return '';
  const at = (subject: string, size: number): string => ns(find(result, subject, 'IPv4 networks, hit', size));
  return `![Nanoseconds per packet over the number of networks](docs/benchmarks/dataplane-ipv4-networks.svg)

Dropping a packet by a million networks takes ${at('offload', 1_000_000)}, where the kernel's LPM trie takes ${at('kernel trie', 1_000_000)}; by a thousand, ${at('offload', 1000)} and ${at('kernel trie', 1000)}. Parsing alone takes ${ns(find(result, 'parse only', 'IPv4 networks'))}.
`;
}

function capacityText(result: PartResult | undefined): string {
  const size = Math.min(...capacitySizes(result ?? { measurements: [] }));
  if (!result || !Number.isFinite(size)) return '';
  const at = (subject: string): string => ns(find(result, subject, scenarios.driver, size));
  return `![Nanoseconds from the driver to the drop, by defence](docs/benchmarks/capacity-${size}.svg)

From the driver to the drop of a packet by native XDP it takes ${at('offload, native XDP')}, by an nft set in raw ${at('nft set (raw)')}, by ipset ${at('ipset (iptables raw)')}.
`;
}
