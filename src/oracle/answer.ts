/** Three-valued answers of a match. Plain numbers: one is computed for every match of every frame. */

export const No = 0;
export const Yes = 1;
export const Maybe = 2;
/** `Maybe`, and legacy iptables may drop the packet on the spot (`hotdrop`), whatever the rule's verdict is. */
export const MaybeHotDrop = 3;

export type Answer = typeof No | typeof Yes | typeof Maybe | typeof MaybeHotDrop;

export const known = (value: boolean): Answer => (value ? Yes : No);

/** Negation of a match whose bytes are there: unknown stays unknown. */
export function negateIf(negate: boolean, answer: Answer): Answer {
  if (!negate || answer === Maybe || answer === MaybeHotDrop) return answer;
  return answer === Yes ? No : Yes;
}
