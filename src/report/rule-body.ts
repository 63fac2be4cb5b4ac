/** A rule without what its id says already: counters and the chain. */
export const ruleBody = (text: string): string => text.trim().replace(/^(\[\d+:\d+\] )?(-A|--append) \S+ /, '');
