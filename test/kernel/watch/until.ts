import { setTimeout } from 'node:timers/promises';

/** Asks again and again; a minute is more than anything here takes. */
export async function until(holds: () => boolean | Promise<boolean>, what: () => string): Promise<void> {
  for (let i = 0; i < 1200; i++) {
    if (await holds()) return;
    await setTimeout(50);
  }
  throw new Error(`it did not come to pass: ${what()}`);
}
