/** A replay as one line of JSON a packet, in the order of the capture. */
import type { ReplayedPacket } from '../replay/replay.js';

interface Line {
  readonly verdict: 'drop' | 'pass' | 'depends';
  readonly rule: string | null;
}

const passed: Line = { verdict: 'pass', rule: null };
const depends: Line = { verdict: 'depends', rule: null };

/** What netfilter does. Where a decisive byte is missing nothing is known; what a rule never decides passes. */
function byModel({ judged }: ReplayedPacket): Line {
  if (judged.kind === 'unseen') return judged.unseen.kind === 'cut' ? depends : passed;
  const { verdict, rule } = judged.netfilter;
  switch (verdict) {
    case 'drop':
      return { verdict, rule };
    case 'pass':
    case 'lost':
      return passed;
    case 'new':
    case 'depends':
      return depends;
  }
}

/** What the loaded program does; what it was not run on passes. */
const byKernel = ({ kernel, droppedBy }: ReplayedPacket): Line =>
  kernel === 'drop' ? { verdict: 'drop', rule: droppedBy } : passed;

export function jsonLines(packets: readonly ReplayedPacket[], engine: 'model' | 'kernel'): string {
  const line = engine === 'model' ? byModel : byKernel;
  return packets
    .map((packet) => {
      const { verdict, rule } = line(packet);
      return `{"packet":${packet.judged.packet.number},"verdict":"${verdict}","rule":${JSON.stringify(rule)}}\n`;
    })
    .join('');
}
