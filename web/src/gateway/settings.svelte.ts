import { Resource } from "../api/resource.svelte.ts";
import { ask, type Json } from "./api.ts";
import { fieldsOf, type Fields } from "./schema.ts";

/** One settings object of the gateway: how it is, what it may be, and how it is changed. */
export class SettingsObject {
  readonly of = new Resource<Json>();
  fields = $state.raw<Fields>({});

  constructor(readonly path: string) {}

  /** Asks for it, and for its ranges. */
  load(): void {
    void this.of.ask(async (signal) => {
      const [now, fields] = await Promise.all([ask<Json>("GET", this.path, { signal }), fieldsOf(this.path)]);
      this.fields = fields;
      return now;
    });
  }

  /** Changes what is given; the rest stays.  Throws a Problem. */
  async put(changes: Json): Promise<void> {
    this.of.data = await ask<Json>("PUT", this.path, { body: changes });
  }
}

export const settings = {
  device: () => new SettingsObject("/api/v1/settings"),
  meter: () => new SettingsObject("/api/v1/meter/settings"),
  mqtt: () => new SettingsObject("/api/v1/mqtt/settings"),
  wifi: () => new SettingsObject("/api/v1/wifi/sta/settings"),
  ethernet: () => new SettingsObject("/api/v1/eth/settings"),
};
