/** What is measured, by name: results are found by it again. */
export const scenarios = {
  one: 'one source more, in a list of',
  many: '10,000 sources more, in a list of',
  mitigation: 'time to mitigation, with a list of',
  replace: 'from text to attached, lines',
  counters: 'packets and bytes of all read, counters',
} as const;

export const inPlace = 'offload, in place (library)';
export const replacing = 'offload, run again (command)';
export const library = 'offload, whole replacement (library)';
export const reading = 'offload (library)';
export const manySources = 10_000;
