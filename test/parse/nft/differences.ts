/** Where two trees differ: path of field names, and what stands there. */
export interface Difference {
  readonly path: string;
  readonly left: unknown;
  readonly right: unknown;
}

export function* differences(left: unknown, right: unknown, path = ''): Generator<Difference> {
  if (isNode(left) && isNode(right) && sameShape(left, right)) {
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      const step = Array.isArray(left) ? '' : `.${key}`;
      yield* differences(left[key], right[key], `${path}${step}`);
    }
  } else if (text(left) !== text(right)) yield { path, left, right };
}

type Node = Readonly<Record<string, unknown>>;
const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);
const sameShape = (left: Node, right: Node): boolean =>
  Array.isArray(left) ? Array.isArray(right) && left.length === right.length : left.kind === right.kind;

export const text = (value: unknown): string =>
  JSON.stringify(value ?? null, (_key, inner: unknown) => {
    if (typeof inner === 'bigint') return inner.toString();
    return ArrayBuffer.isView(inner) ? [...(inner as Uint32Array)] : inner;
  });
