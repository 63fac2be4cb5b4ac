/** Why the prefilter passes a packet: the rest of a sentence. */
export const passWords: Readonly<Record<string, string>> = {
  guard: 'a rule above the drops may accept, answer or observe it',
  noStep: 'no step of the prefilter drops it',
  notIp: 'not IP',
  otherHost: 'for another station',
  vlan: 'of another VLAN',
  malformed: 'malformed: the stack discards it itself',
  family: 'the prefilter has nothing for its address family',
  hidden: 'it turns on a link-layer header that the capture lacks',
  tracked: 'conntrack would have to be asked, and cannot be, or knows it',
};
