import { createSubscriber } from "svelte/reactivity";

/** The time, one step a second while somebody looks; corrected by what the server's clock says. */
class Now {
  #ms = Date.now();
  /** Server minus this device, in milliseconds. */
  #ahead = 0;
  #watch = createSubscriber((update) => {
    const timer = setInterval(() => {
      this.#ms = Date.now();
      update();
    }, 1000);
    this.#ms = Date.now();
    return () => clearInterval(timer);
  });

  /** The server's time in milliseconds, as far as known. */
  get ms(): number {
    this.#watch();
    return this.#ms + this.#ahead;
  }

  /** The same, without following it. */
  once(): number {
    return Date.now() + this.#ahead;
  }

  /** Learns from a value whose moment and age the server told: both together are its clock. */
  learn(at: string, ageSeconds: number): void {
    const ahead = Date.parse(at) + ageSeconds * 1000 - Date.now();
    this.#ahead = Math.abs(ahead) < 2_000 ? 0 : ahead;
  }
}

export const now = new Now();
