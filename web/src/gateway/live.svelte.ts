import { Resource } from "../api/resource.svelte.ts";
import { now } from "../app/now.svelte.ts";
import { flow } from "../numbers/flow.ts";
import { api, type Values } from "./api.ts";

const FASTEST_MS = 1_000;
const SLOWEST_MS = 5_000;
const KEPT = 180;

/** The latest values, asked for about as often as the meter speaks; and the power since the pages were opened. */
class Live {
  readonly of = new Resource<Values>();
  /** Import minus export in kW, a point for each reading. */
  trace = $state.raw<readonly (number | null)[]>([]);
  numbers = $derived(Object.fromEntries((this.of.data?.values ?? []).map((one) => [one.obis, one.value])));
  at = $derived(this.of.data?.at ? Date.parse(this.of.data.at) : null);
  #seen: string | null = null;

  async ask(): Promise<void> {
    await this.of.ask((signal) => api.values(signal));
    const said = this.of.data;
    if (!said?.at || said.at === this.#seen) return;
    this.#seen = said.at;
    if (said.age_s !== null) now.learn(said.at, said.age_s);
    this.trace = [...this.trace, flow(this.numbers).net].slice(-KEPT);
  }

  /** In milliseconds. */
  pace(): number {
    const interval = (this.of.data?.interval_s ?? 1) * 1000;
    return Math.min(SLOWEST_MS, Math.max(FASTEST_MS, interval));
  }
}

export const live = new Live();
