/** What the pages ask the gateway: the device's own API, and a few questions that only we answer. */
import { bounded, OFFLINE, Problem } from "../api/problem.ts";

export type Json = Record<string, unknown>;

export interface Value {
  readonly obis: string;
  readonly value: number;
  readonly unit?: string;
  readonly label?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly derived?: boolean;
}
export interface Channel {
  readonly bus: number;
  readonly kind: string;
  readonly value: number | null;
  readonly unit: string | null;
  readonly meter_id: string | null;
  readonly at: string | null;
}
export interface Values {
  readonly status: string;
  readonly refused: number;
  readonly refusal: string;
  readonly zone: string;
  readonly at: string | null;
  readonly age_s: number | null;
  readonly interval_s: number | null;
  readonly tariff: number | null;
  readonly values: readonly Value[];
  readonly channels: readonly Channel[];
  readonly id: string;
  readonly claim: string | null;
}
export interface System {
  readonly device: {
    readonly name: string; readonly id: string; readonly model: string; readonly firmware: string;
    readonly upgrade_capable: boolean; readonly date: string; readonly time: string; readonly time_since_boot: number;
    readonly license: { readonly type: string };
  };
  readonly clouds: { readonly mqtc: { readonly enabled: boolean; readonly connected: boolean; readonly trouble?: string } };
  readonly meter: Readonly<Record<string, unknown>> & {
    readonly status: string; readonly enc_en: boolean; readonly auth_en: boolean; readonly refused: number;
    readonly implausible: readonly { readonly obis: string; readonly value: number; readonly expected: string }[];
  };
  readonly sd_card: {
    readonly installed: boolean; readonly size: number; readonly free?: number; readonly state?: string; readonly trouble?: string;
  };
  readonly uplink?: { readonly state: string; readonly waiting: number; readonly sent: number; readonly trouble: string };
}
export interface LogRecord {
  readonly id: number;
  readonly at: string;
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, string>>;
}
export interface Listing {
  readonly path: string;
  readonly files: readonly { readonly name: string; readonly size: number; readonly type: "file" | "dir" }[];
}
export interface Scaler {
  readonly obis: string;
  readonly scaler: number;
}
export interface Station {
  readonly ssid: string;
  readonly bssid: string;
  readonly channel: number;
  readonly signal: number;
  readonly auth_mode: string;
}
export interface Block {
  readonly start_address: number;
  readonly end_address: number;
  readonly word_order: string;
  readonly registers: readonly { readonly id: string; readonly type?: string; readonly scaler?: number; readonly address: number; readonly size: number }[];
}
export interface Outcome {
  readonly action_id: string;
  readonly id: number;
  readonly code: number;
  readonly exe_time: number;
}

const FIELD = /^([A-Za-z_][\w.]*(?:\[\d+\][\w.[\]]*)?):? (.*)$/s;

/** What an error answer says; the field it names, if it names one. */
async function problem(response: Response): Promise<Problem> {
  const said = (await response.json().catch(() => ({}))) as { message?: unknown };
  const message = typeof said.message === "string" ? said.message : "";
  const found = FIELD.exec(message);
  const fields = response.status === 400 && found?.[1] ? { [found[1]]: message.includes(`${found[1]}: `) ? (found[2] ?? "") : message } : {};
  return new Problem(response.status, response.statusText, message, null, fields);
}

type Method = "GET" | "POST" | "PUT" | "DELETE";
interface Asking {
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** The answer to a request, as JSON; undefined for one without a body. */
export async function ask<T>(method: Method, path: string, { body, signal }: Asking = {}): Promise<T> {
  const request = new Request(path, {
    method,
    signal: signal ?? null,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const response = await bounded(request);
  if (!response.ok) throw await problem(response);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

const V1 = "/api/v1";

export const api = {
  values: (signal?: AbortSignal) => ask<Values>("GET", `${V1}/values`, { signal }),
  system: (signal?: AbortSignal) => ask<System>("GET", `${V1}/system`, { signal }),
  description: () => ask<Json>("GET", `${V1}/openapi.json`),
  logs: (after: number, signal?: AbortSignal) => ask<{ last: number; records: LogRecord[] }>("GET", `${V1}/logs?after=${after}`, { signal }),
  variables: (signal?: AbortSignal) => ask<Record<string, string>[]>("GET", `${V1}/variables`, { signal }),
  preview: (template: string, signal?: AbortSignal) => ask<{ message: string; json: boolean }>("POST", `${V1}/mqtt/preview`, { body: { template }, signal }),
  scalers: (signal?: AbortSignal) => ask<Scaler[]>("GET", `${V1}/meter/scalers/current`, { signal }),
  ownScalers: (signal?: AbortSignal) => ask<Scaler[]>("GET", `${V1}/meter/scalers/custom`, { signal }),
  setScalers: (body: readonly Scaler[]) => ask<Scaler[]>("POST", `${V1}/meter/scalers/custom`, { body }),
  stations: (signal?: AbortSignal) => ask<Station[]>("GET", `${V1}/wifi/scan`, { signal }),
  pair: () => ask<void>("POST", `${V1}/wifi/wps`),
  blocks: (signal?: AbortSignal) => ask<Block[]>("GET", `${V1}/modbus?address_format=dec`, { signal }),
  registers: (signal?: AbortSignal) => ask<{ address: number; value: number | string | null }[]>("GET", `${V1}/modbus/values`, { signal }),
  call: (action: string) => ask<{ status_ids: number[] }>("POST", `${V1}/actions/call?id=${encodeURIComponent(action)}`),
  outcomes: (ids: readonly number[]) => ask<Outcome[]>("GET", `${V1}/actions/status?id=${ids.join(",")}`),
  card: (path: string, signal?: AbortSignal) => ask<Listing>("GET", onCard(path), { signal }),
  deleteOnCard: (path: string) => ask<void>("DELETE", onCard(path)),
  reboot: () => ask<void>("POST", `${V1}/reboot`),
  restore: () => ask<void>("POST", `${V1}/restore`),
};

/** The address of a path on the card; a folder ends with a slash. */
export const onCard = (path: string): string => `/sdcard/${path.split("/").map(encodeURIComponent).join("/")}`;

/** Sends an update and tells how far it is, from 0 to 1; the answer is text.  fetch cannot tell how far it is. */
export function upload(file: File, far: (share: number) => void, signal: AbortSignal): Promise<string> {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file);
    signal.addEventListener("abort", () => request.abort());
    request.upload.onprogress = (event) => event.lengthComputable && far(event.loaded / event.total);
    request.onload = () => {
      const said = request.responseText.trim();
      if (request.status < 300) done(said);
      else failed(new Problem(request.status, request.statusText, sentence(said)));
    };
    request.onerror = () => failed(new Problem(OFFLINE, "", ""));
    request.onabort = () => failed(new DOMException("", "AbortError"));
    request.open("POST", "/load");
    request.send(form);
  });
}

/** The message of an error, whether it came as JSON or as text. */
function sentence(said: string): string {
  try {
    const { message } = JSON.parse(said) as { message?: unknown };
    return typeof message === "string" ? message : said;
  } catch {
    return said;
  }
}
