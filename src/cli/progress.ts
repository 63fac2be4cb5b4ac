/** One line on stderr that says what a long run is at; on a terminal only, and gone at the end. */

/** Inputs this large take over a second in some stage, bytes. */
const largeInput = 4 << 20;
/** After this long every further stage is named, milliseconds. */
const patience = 700;

export class Progress {
  readonly #started = performance.now();
  #large = false;
  #shown = false;

  /** `onStage` ends the run by what it throws. */
  constructor(
    private readonly terminal = process.stderr.isTTY,
    private readonly onStage: () => void = () => undefined,
  ) {}

  expectInput(size: number): void {
    this.#large ||= size >= largeInput;
  }

  /** Stages block the event loop, so the line is written before one starts, not by a timer. */
  stage(name: string): void {
    this.onStage();
    if (!this.terminal) return;
    if (!this.#large && performance.now() - this.#started < patience) return;
    process.stderr.write(`\r\u001b[K${name} …`);
    this.#shown = true;
  }

  done(): void {
    if (this.#shown) process.stderr.write('\r\u001b[K');
    this.#shown = false;
  }
}
