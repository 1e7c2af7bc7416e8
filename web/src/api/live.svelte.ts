import { SvelteMap } from "svelte/reactivity";
import { reach } from "../app/reach.svelte.ts";

export interface LiveReading {
  readonly meter: string;
  /** Milliseconds since 1970, of the server's clock. */
  readonly at: number;
  readonly values: Readonly<Record<string, number>>;
  /** What a meter that is not electric counts, in its own unit. */
  readonly value: number | null;
}

/** How many meters one stream may follow. */
export const FOLLOWED_MOST = 200;

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/** The live stream of some meters: the latest reading of each, and whether the stream stands. */
export class Live {
  readonly readings = new SvelteMap<string, LiveReading>();
  state = $state<"waiting" | "on" | "lost">("waiting");

  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wait = FIRST_WAIT_MS;

  /** `lost` is called when the stream breaks, to find out why. */
  constructor(
    readonly meters: readonly string[],
    readonly lost: () => void,
  ) {}

  start(): void {
    const source = (this.#source = new EventSource(`/api/live?meters=${this.meters.map(encodeURIComponent).join(",")}`));
    source.addEventListener("open", () => {
      this.state = "on";
      reach.ok();
      this.#wait = FIRST_WAIT_MS;
    });
    source.addEventListener("reading", (event) => this.#take(event as MessageEvent<string>));
    source.addEventListener("error", () => {
      this.state = "lost";
      this.lost();
      source.close(); // the browser's own retry knows no growing pause
      this.#timer = setTimeout(() => this.start(), this.#wait);
      this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
  }

  #take(event: MessageEvent<string>): void {
    const said = JSON.parse(event.data) as { meter: string; at: string; values: Record<string, number>; value?: number | null };
    const at = Date.parse(said.at);
    const known = this.readings.get(said.meter);
    if (known && known.at > at) return;
    this.readings.set(said.meter, { meter: said.meter, at, values: { ...known?.values, ...said.values }, value: said.value ?? null });
  }
}
