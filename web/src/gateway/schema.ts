/** The ranges and choices of settings, out of the gateway's own description. */
import { resolved, type Rule, type Schema } from "../api/rules.ts";
import { api } from "./api.ts";

export type Fields = Readonly<Record<string, Rule>>;

let description: Promise<Schema> | undefined;

/** Every field of an object by its dotted name, as in `services.sd.frequency`. */
export function fieldsIn(schema: Schema | undefined, whole: Schema, under = ""): Fields {
  const properties = (resolved(schema, whole).properties ?? {}) as Record<string, Schema>;
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, part]): [string, Rule][] => {
      const said = resolved(part, whole);
      const path = under + name;
      if (said.properties) return Object.entries(fieldsIn(said, whole, `${path}.`));
      const type = Array.isArray(said.type) ? said.type.find((one) => one !== "null") : said.type;
      return [[path, { ...(said as Partial<Rule>), type: String(type ?? "string"), required: false }]];
    }),
  );
}

/** The fields that a settings object takes; none where the description cannot be had: the gateway checks anyway. */
export async function fieldsOf(path: string): Promise<Fields> {
  try {
    description ??= api.description();
    const whole = await description;
    const paths = whole.paths as Record<string, Record<string, Schema>>;
    const body = paths[path]?.put?.requestBody as { content?: Record<string, { schema: Schema }> } | undefined;
    return fieldsIn(body?.content?.["application/json"]?.schema, whole);
  } catch {
    description = undefined;
    return {};
  }
}

type Json = Record<string, unknown>;

/** What stands at a dotted name. */
export const at = (value: unknown, path: string): unknown =>
  path.split(".").reduce<unknown>((found, name) => (found as Json | null | undefined)?.[name], value);

/** An object with these values at their dotted names. */
export function nested(values: Readonly<Record<string, unknown>>): Json {
  const made: Json = {};
  for (const [path, value] of Object.entries(values)) {
    const names = path.split(".");
    const last = names.pop() ?? "";
    const inner = names.reduce<Json>((found, name) => (found[name] ??= {}) as Json, made);
    inner[last] = value;
  }
  return made;
}
