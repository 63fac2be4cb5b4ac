/** A tree without what depends on its place and layout: what tests and the comparison of text with JSON look at. */
const places: ReadonlySet<string> = new Set(['span', 'extent', 'text', 'file', 'diagnostics', 'format', 'files']);

export function withoutPlaces(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutPlaces);
  if (node === null || typeof node !== 'object' || ArrayBuffer.isView(node)) return node;
  const isTextful = 'kind' in node && (node.kind === 'value' || node.kind === 'opaque');
  const entries = Object.entries(node).filter(([key]) => !places.has(key) || (isTextful && key === 'text'));
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutPlaces(value)]));
}
