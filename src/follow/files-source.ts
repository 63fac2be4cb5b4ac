/** The files that are planned for, when they are written: looked at once a second. */
import { statSync } from 'node:fs';
import type { HostChange, SourceDelay } from './change.js';
import type { Source } from './source.js';

const lookMilliseconds = 1000;

export class FilesSource implements Source {
  #seen: readonly string[];
  #lookedAt = Date.now();
  #changed = new Set<string>();
  #hasBaseline = false;

  constructor(
    private readonly files: readonly string[],
    private readonly notify: () => void,
  ) {
    this.#seen = files.map(stamp);
  }

  tick = (): void => {
    if (Date.now() - this.#lookedAt >= lookMilliseconds) this.#look();
    if (this.#changed.size > 0 && this.#hasBaseline) this.notify();
  };

  #look(): void {
    const now = this.files.map(stamp);
    this.files.forEach((file, i) => now[i] !== this.#seen[i] && this.#changed.add(file));
    this.#seen = now;
    this.#lookedAt = Date.now();
  }

  take = (): readonly HostChange[] => {
    if (!this.#hasBaseline) return [];
    const changes = [...this.#changed].map((file): HostChange => ({
      kind: 'rules',
      addsDropsOnly: false,
      what: `${file} has been written`,
    }));
    this.#changed.clear();
    return changes;
  };

  /** What is read from now on is compared with this moment. */
  rereading = (): void => {
    this.#look();
    this.#changed.clear();
  };

  baseline = (): void => {
    this.#look();
    this.#hasBaseline = true;
  };

  delay = (): SourceDelay => ({ source: 'files', seconds: 2, isHealthy: true });

  close = (): void => undefined;
}

/** Differs when the file was written, replaced or removed. */
function stamp(file: string): string {
  try {
    const { ino, size, mtimeNs, dev } = statSync(file, { bigint: true });
    return [dev, ino, size, mtimeNs].join();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable';
  }
}
