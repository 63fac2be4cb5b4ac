/** Trees of text and of JSON of one ruleset, with the spellings that nft writes differently made the same. */
import { withoutPlaces } from './without-places.js';

type Node = Record<string, unknown>;

export function canonical(tree: unknown): unknown {
  return rewrite(withoutPlaces(tree));
}

function rewrite(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(rewrite);
  if (node === null || typeof node !== 'object' || ArrayBuffer.isView(node)) return node;
  // Only `nft -a` writes handles in text.
  const entries = Object.entries(node).filter(([key]) => key !== 'handle');
  const done: Node = Object.fromEntries(entries.map(([key, value]) => [key, rewrite(value)]));
  return rules[String(done.kind)]?.(done) ?? done;
}

/** Priorities by name, as in nft's priority.c; bridge has values of its own. */
const priorities: Record<string, number> = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
  out: 100,
};
const bridge: Record<string, number> = { dstnat: -300, filter: -200, out: 100, srcnat: 300 };

const rules: Record<string, (node: Node) => unknown> = {
  value: ({ text }) => value(String(text)),
  list: (node) => ({ ...node, parts: (node.parts as unknown[]).map(String).sort() }),
  // `tcp flags syn / syn,ack` is written with & in JSON.
  match: (node) => {
    const { left, mask, right, operator } = node as { left: Node; mask: Node | null; right: Node; operator: string };
    const masked = mask ? { kind: 'binary', operator: '&', left, right: bits(mask) } : left;
    const end = masked.kind === 'binary' ? bits(right) : right;
    return {
      ...node,
      left: masked,
      mask: null,
      right: end,
      implicit: operator === '==' ? node.implicit && !mask : false,
    };
  },
  binary: (node) => ({ ...node, right: bits(node.right as Node) }),
  table: (node) => ({
    ...node,
    items: items(node.items as Node[], node.family === 'bridge' ? { ...priorities, ...bridge } : priorities),
  }),
  // What is left out in text is written in JSON, or the other way round.
  limit: (node) =>
    node.unit === 'packets'
      ? { ...node, burst: node.burst ?? 5n, burstUnit: 'packets' }
      : { ...node, burst: node.burst ?? 0n, burstUnit: node.burstUnit ?? 'bytes' },
  quota: (node) => ({
    ...node,
    bytes: bytes(node.bytes, node.unit),
    unit: 'bytes',
    used: bytes(node.used ?? 0n, node.usedUnit),
    usedUnit: null,
  }),
  reject: (node) => (node.type === null || node.code === 'port-unreachable' ? { kind: 'reject' } : node),
  // nft's JSON (1.0.6) loses these.
  chain: (node) => ({ ...node, comment: null }),
  setDeclaration: (node) => ({
    ...node,
    autoMerge: null,
    dataInterval: null,
    size: null,
    flags: (node.flags as string[]).filter((flag) => flag === 'interval' || flag === 'constant').sort(),
    key: null,
    data: null,
  }),
};

const bytes = (amount: unknown, unit: unknown): bigint =>
  (amount as bigint) * (unit === 'mbytes' ? 1048576n : unit === 'kbytes' ? 1024n : 1n);

function bits(node: Node): unknown {
  if (node.kind !== 'list') return node;
  return (node.parts as unknown[]).reduce((left, right) => ({ kind: 'binary', operator: '|', left, right }));
}

function value(text: string): string {
  if (/^(?:0x[0-9a-f]+|\d+)$/i.test(text)) return BigInt(text).toString();
  return text;
}

function items(list: Node[], names: Record<string, number>): unknown {
  return list
    .map((item) => {
      if (item.kind === 'chain' && item.hook) return { ...item, hook: hook(item.hook as Node, names) };
      if (item.kind === 'flowtable') return { ...item, priority: priority(item.priority as Node, names) };
      if (item.kind === 'objectDeclaration' && item.statement) return { ...item, attributes: [] };
      return item;
    })
    .sort((a, b) => (`${String(a.kind)} ${String(a.name)}` < `${String(b.kind)} ${String(b.name)}` ? -1 : 1));
}
const hook = (node: Node, names: Record<string, number>): Node => ({
  ...node,
  priority: priority(node.priority as Node, names),
});
const priority = ({ name, offset }: Node, names: Record<string, number>): number =>
  (typeof name === 'string' ? names[name]! : 0) + (offset as number);
