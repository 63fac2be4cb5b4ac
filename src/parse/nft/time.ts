/** Times as nft writes them. */
const units: readonly (readonly [string, number])[] = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

/** Milliseconds of `1d2h30m5s10ms`; a bare number is seconds. */
export function timeOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  let sum = 0;
  for (const [, number, unit] of text.matchAll(/(\d+)(ms|[wdhms])/g)) {
    sum += Number(number) * (units.find(([name]) => name === unit)?.[1] ?? 0);
  }
  return sum;
}

/** As nft lists it: days, hours, minutes, seconds, milliseconds; weeks are not written. */
export function timeText(milliseconds: number): string {
  let rest = milliseconds;
  let text = '';
  for (const [name, size] of units.slice(1)) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${name}`;
    rest -= count * size;
  }
  return text === '' ? '0s' : text;
}
