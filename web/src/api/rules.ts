/** What the OpenAPI description says about the fields of a request, for forms to check before they send. */

export interface Rule {
  readonly required: boolean;
  readonly type: string;
  readonly format?: string | undefined;
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly pattern?: string | undefined;
  readonly enum?: readonly string[] | undefined;
}
export type Rules = Readonly<Record<string, Rule>>;

export type Schema = Record<string, unknown>;

const TIMEOUT_MS = 5_000;

let description: Promise<Schema> | undefined;

async function asked(): Promise<Schema> {
  const response = await fetch("/schema/openapi.json", { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`/schema/openapi.json answered ${response.status}`);
  return (await response.json()) as Schema;
}

const inside = (schema: Schema | undefined, ...path: string[]): Schema | undefined =>
  path.reduce<Schema | undefined>((at, key) => at?.[key] as Schema | undefined, schema);

/** The schema itself behind `$ref`, and the part that is not null of `oneOf` and `anyOf`, with what stands beside. */
export function resolved(schema: Schema | undefined, whole: Schema): Schema {
  if (!schema) return {};
  if (typeof schema.$ref === "string") return resolved(inside(whole, ...schema.$ref.slice(2).split("/")), whole);
  const choices = (schema.oneOf ?? schema.anyOf) as Schema[] | undefined;
  if (choices) return { ...schema, ...resolved(choices.find((choice) => choice.type !== "null"), whole) };
  return schema;
}

/** The rules of a JSON body, by field. */
export function rulesIn(whole: Schema, path: string, method: string): Rules {
  const body = resolved(inside(whole, "paths", path, method, "requestBody", "content", "application/json", "schema"), whole);
  const required = new Set((body.required as string[] | undefined) ?? []);
  const fields = Object.entries((body.properties as Record<string, Schema> | undefined) ?? {});
  return Object.fromEntries(
    fields.map(([name, schema]) => {
      const said = resolved(schema, whole);
      const type = Array.isArray(said.type) ? said.type.find((one) => one !== "null") : said.type;
      return [name, { ...(said as Partial<Rule>), type: String(type ?? "string"), required: required.has(name) }];
    }),
  );
}

/** The rules of this server's request; none where its description cannot be had, for the server checks anyway. */
export async function rulesOf(path: string, method: "post" | "put"): Promise<Rules> {
  try {
    description ??= asked();
    return rulesIn(await description, path, method);
  } catch {
    description = undefined;
    return {};
  }
}

export type Complaint =
  | { key: "form.required" | "form.email" | "form.pattern" | "form.number" | "form.whole" }
  | { key: "form.short" | "form.long" | "form.least" | "form.most"; limit: number };

/** What is wrong with one field's text, or null. */
export function complaint(value: string, rule: Rule | undefined, needed: boolean): Complaint | null {
  if (value === "") return needed ? { key: "form.required" } : null;
  if (!rule) return null;
  const length = [...value].length;
  if (rule.minLength !== undefined && length < rule.minLength) return { key: "form.short", limit: rule.minLength };
  if (rule.maxLength !== undefined && length > rule.maxLength) return { key: "form.long", limit: rule.maxLength };
  if (rule.format === "email" && !/^[^@\s]+@[^@\s]+$/.test(value)) return { key: "form.email" };
  if (rule.pattern && !new RegExp(rule.pattern, "u").test(value)) return { key: "form.pattern" };
  if (rule.type === "integer" || rule.type === "number") return numeric(Number(value), rule);
  return null;
}

function numeric(value: number, rule: Rule): Complaint | null {
  if (!Number.isFinite(value)) return { key: "form.number" };
  if (rule.type === "integer" && !Number.isInteger(value)) return { key: "form.whole" };
  if (rule.minimum !== undefined && value < rule.minimum) return { key: "form.least", limit: rule.minimum };
  if (rule.maximum !== undefined && value > rule.maximum) return { key: "form.most", limit: rule.maximum };
  return null;
}
