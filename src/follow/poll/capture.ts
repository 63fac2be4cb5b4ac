/** Runs the system's own tools beside the event loop, and says what they cost. */
import { decode } from '../../host/text-encoding.js';
import { isNativeError } from '../../load/load-error.js';
import { loadNative } from '../../load/native.js';
import { environmentLines, mostOutput, placesOf } from '../../load/tool.js';

export type Captured =
  /** `text`: as a reading of the host is decoded. `cpu`: seconds of CPU; `began`, `ended`: milliseconds since the epoch. */
  | {
      readonly kind: 'text';
      readonly text: string;
      readonly cpu: number;
      readonly began: number;
      readonly ended: number;
    }
  | { readonly kind: 'failed'; readonly why: string };

const timeoutMilliseconds = 120_000;

/** No shell is involved. */
export async function capture(command: string, args: readonly string[]): Promise<Captured> {
  const began = Date.now();
  const words = [command, ...args];
  const native = loadNative();
  try {
    const [places, environment, none] = [placesOf(command), environmentLines(), new Uint8Array()];
    const ran = await native.runToolBeside(places, words, environment, none, timeoutMilliseconds, mostOutput);
    if (ran.code === 0) return { kind: 'text', text: decode(ran.stdout).text, cpu: ran.cpu, began, ended: Date.now() };
    const how = ran.signal === null ? `exit ${ran.code}` : `signal ${ran.signal}`;
    return {
      kind: 'failed',
      why: `\`${words.join(' ')}\` failed (${how}): ${ran.stderr.toString('latin1').slice(0, 2000).trim()}`,
    };
  } catch (error) {
    if (!isNativeError(error)) throw error;
    return { kind: 'failed', why: `\`${command}\` cannot be run: ${error.message}` };
  }
}
