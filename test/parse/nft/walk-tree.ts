/** All nodes of a tree, outermost first. */
export function* nodesOf(tree: unknown): Generator<Readonly<Record<string, unknown>>> {
  if (tree === null || typeof tree !== 'object' || ArrayBuffer.isView(tree)) return;
  if (!Array.isArray(tree)) yield tree as Record<string, unknown>;
  for (const [key, value] of Object.entries(tree)) {
    if (key !== 'span' && key !== 'extent' && key !== 'diagnostics') yield* nodesOf(value);
  }
}
