import createClient from "openapi-fetch";
import { bounded, Problem } from "./problem.ts";
import type { paths } from "./schema.ts";

export { OFFLINE, Problem } from "./problem.ts";

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** The fields a server complains about, as `{field: message}`, where it says them. */
function fieldsOf(said: Record<string, unknown>): Record<string, string> {
  const listed = Array.isArray(said.errors) ? said.errors : Array.isArray(said.extra) ? said.extra : [];
  return Object.fromEntries(
    listed.flatMap((entry: Record<string, unknown>) => {
      const field = text(entry.field) || text(entry.key);
      return field ? [[field, text(entry.message) || text(entry.detail)]] : [];
    }),
  );
}

function problem(said: unknown, response: Response): Problem {
  const body = typeof said === "object" && said !== null ? (said as Record<string, unknown>) : {};
  const id = text(body.request_id) || response.headers.get("x-request-id");
  return new Problem(response.status, text(body.title), text(body.detail), id, fieldsOf(body));
}

export const client = createClient<paths>({ baseUrl: location.origin, fetch: bounded });

interface Answer<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

export async function answered<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) throw problem(error, response);
  return data as T;
}

interface Page<Item> {
  readonly items: readonly Item[];
  readonly next?: number | string | null;
}

/** More pages of a list than a person would look at: whatever a server says, asking ends. */
const PAGES_MOST = 100;

/** A whole list: every page, each asked for with `next` of the one before; the rest is the first page's. */
export async function whole<Cursor extends number | string, P extends Page<unknown>>(
  ask: (query: { after?: Cursor }) => Promise<P>,
): Promise<P> {
  const first = await ask({});
  const items = [...first.items];
  let next = first.next as Cursor | null | undefined;
  for (let pages = 1; next !== null && next !== undefined && pages < PAGES_MOST; pages++) {
    const page = await ask({ after: next });
    items.push(...page.items);
    next = page.next as Cursor | null | undefined;
  }
  return { ...first, items };
}

/** Every call the pages make; each gives the answer or throws a Problem. */
export const api = {
  status: () => answered(client.GET("/api/status")),
  who: () => answered(client.GET("/api/session")),
  signIn: (email: string, password: string, code?: string) =>
    answered(client.POST("/api/session", { body: { email, password, ...(code ? { code } : {}) } })),
  useLink: (token: string, code?: string) => answered(client.POST("/api/session/link", { body: { token, ...(code ? { code } : {}) } })),
  signOut: () => answered(client.DELETE("/api/session")),
  account: (body: AccountChange) => answered(client.PUT("/api/account", { body })),
  catalogue: () => answered(client.GET("/api/catalogue")),
  meters: (signal: AbortSignal) =>
    whole((query: { after?: string }) => answered(client.GET("/api/meters", { params: { query }, signal }))),
  meter: (id: string, signal: AbortSignal) =>
    answered(client.GET("/api/meters/{id}", { params: { path: { id } }, signal })),
  power: (id: string, fromMs: number, toMs: number, points: number, signal: AbortSignal) =>
    answered(
      client.GET("/api/meters/{id}/power", {
        params: { path: { id }, query: { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), points } },
        signal,
      }),
    ),
  energy: (id: string, from: string, to: string, signal: AbortSignal) =>
    answered(client.GET("/api/meters/{id}/energy", { params: { path: { id }, query: { from, to } }, signal })),
};

type Answered<F extends (...given: never[]) => Promise<unknown>> = Awaited<ReturnType<F>>;
export type AccountChange = NonNullable<paths["/api/account"]["put"]["requestBody"]>["content"]["application/json"];
export type User = Answered<typeof api.who>["user"];
export type MeterSummary = Answered<typeof api.meters>["items"][number];
export type Meter = Answered<typeof api.meter>;
export type Power = Answered<typeof api.power>;
export type Energy = Answered<typeof api.energy>;
export type Quantity = Answered<typeof api.catalogue>["quantities"][number];
