/** `offload`, from the modules as they are; users run `dist/command/main.js` (`launch.ts`). */
import { start } from './start.js';

await start();
