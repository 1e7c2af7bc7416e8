import { OFFLINE, Problem } from "./problem.ts";

const RETRY_OFFLINE_MS = 5_000;

/**
 * Something asked from the server, and what became of it: the last data stay while new ones load.
 *
 * `ask` again replaces the running question; after a lost connection it is asked again by itself.
 */
export class Resource<T> {
  data = $state.raw<T>();
  trouble = $state.raw<Problem>();
  loading = $state(false);
  /** When the data came, in milliseconds of this device's clock. */
  at = $state<number>();

  #question: ((signal: AbortSignal) => Promise<T>) | undefined;
  #running: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  async ask(question: (signal: AbortSignal) => Promise<T>): Promise<void> {
    this.stop();
    this.#question = question;
    const running = (this.#running = new AbortController());
    this.loading = true;
    try {
      const data = await question(running.signal);
      if (running.signal.aborted) return;
      this.data = data;
      this.at = Date.now();
      this.trouble = undefined;
    } catch (trouble) {
      if (running.signal.aborted) return;
      if (!(trouble instanceof Problem)) throw trouble;
      this.trouble = trouble;
      if (trouble.status === OFFLINE) this.#timer = setTimeout(() => void this.again(), RETRY_OFFLINE_MS);
    } finally {
      if (this.#running === running) this.loading = false;
    }
  }

  async again(): Promise<void> {
    if (this.#question) await this.ask(this.#question);
  }

  /** Ends what is running, and forgets to try again. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#running?.abort();
    this.loading = false;
  }

  /** Forgets the data too: what comes next is something else. */
  clear(): void {
    this.stop();
    this.data = undefined;
    this.trouble = undefined;
    this.at = undefined;
  }
}
