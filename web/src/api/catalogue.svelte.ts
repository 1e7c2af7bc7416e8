import { chosen } from "../words/language.svelte.ts";
import { api, type Quantity } from "./client.ts";

/** Names and units of every measured quantity, asked from the server once. */
class Catalogue {
  #quantities = $state.raw<ReadonlyMap<string, Quantity>>(new Map());
  #asked = false;

  async load(): Promise<void> {
    if (this.#asked) return;
    this.#asked = true;
    try {
      const { quantities } = await api.catalogue();
      this.#quantities = new Map(quantities.map((quantity) => [quantity.obis, quantity]));
    } catch (trouble) {
      this.#asked = false; // the next page asks again; until then codes stand for names
      throw trouble;
    }
  }

  unit(obis: string): string | null {
    return this.#quantities.get(obis)?.unit ?? null;
  }

  label(obis: string): string {
    const quantity = this.#quantities.get(obis);
    return quantity?.labels[chosen.language] ?? quantity?.label ?? obis;
  }

  /** The codes of all quantities, in order. */
  keys(): readonly string[] {
    return [...this.#quantities.keys()];
  }

  /** Where the quantity stands in the catalogue; unknown ones come last. */
  rank(obis: string): number {
    const rank = [...this.#quantities.keys()].indexOf(obis);
    return rank < 0 ? Number.MAX_SAFE_INTEGER : rank;
  }
}

export const catalogue = new Catalogue();
