/**
 * Numbers, units, ages and dates as people read them.  Pure: locale and zone are handed in.
 *
 * Values come in the catalogue's unit (kW, kWh, V, …); null means unknown and is never shown as 0.
 */

export const THIN = "\u202f";
export const UNKNOWN = "–";

export interface Shown {
  readonly number: string;
  readonly unit: string;
  /** Number and unit with a thin space between, or "–". */
  readonly text: string;
}

/** Units that take a prefix: the stem that is written after W, kW, MW. */
const STEMS: Readonly<Record<string, string>> = { kW: "W", kWh: "Wh", kvar: "var", kvarh: "varh", kVA: "VA", kVAh: "VAh" };
const WRITTEN: Readonly<Record<string, string>> = { m3: "m³", "m3/h": "m³/h" };
const PREFIXES: readonly (readonly [string, number])[] = [["", 1e-3], ["k", 1], ["M", 1e3], ["G", 1e6]];

const nothing: Shown = { number: UNKNOWN, unit: "", text: UNKNOWN };

/** The unit as it is written: m³ for m3. */
export const written = (unit: string | null | undefined): string => WRITTEN[unit ?? ""] ?? unit ?? "";

function plain(value: number, locale: string, least: number, most: number): string {
  const rounded = Number(value.toFixed(most));
  const options = { minimumFractionDigits: least, maximumFractionDigits: most };
  return new Intl.NumberFormat(locale, options).format(rounded === 0 ? 0 : rounded).replace("-", "−");
}

const together = (number: string, unit: string): Shown => ({ number, unit, text: unit ? number + THIN + unit : number });

/** The prefix for values up to `most` (in the catalogue's unit): the unit as written, and what to divide by. */
export function prefixed(most: number, unit: string | null | undefined): { unit: string; by: number } {
  const stem = STEMS[unit ?? ""];
  if (!stem) return { unit: written(unit), by: 1 };
  const size = Number(Math.abs(most).toPrecision(3));
  const [prefix, by] = PREFIXES.findLast(([, from]) => size >= from) ?? ["", 1e-3];
  return { unit: prefix + stem, by };
}

/** A value at a glance: three significant digits in the smallest prefix that suits, as in 842 W, 3.42 kW, 12.7 MWh. */
export function brief(value: number | null | undefined, unit: string | null | undefined, locale: string): Shown {
  if (value === null || value === undefined || !Number.isFinite(value)) return nothing;
  const as = prefixed(value, unit);
  const scaled = value / as.by;
  const whole = Math.max(1, Math.floor(Math.log10(Math.abs(scaled) || 1)) + 1);
  const digits = as.by === 1e-3 ? 0 : Math.max(0, Math.min(2, 3 - whole));
  return together(plain(scaled, locale, unit && scaled !== 0 ? digits : 0, digits), as.unit);
}

/** A value with all its digits, in the catalogue's unit. */
export function full(value: number | null | undefined, unit: string | null | undefined, locale: string, least = 0): Shown {
  if (value === null || value === undefined || !Number.isFinite(value)) return nothing;
  return together(plain(value, locale, least, 6), written(unit));
}

/** An amount of money with all digits that its currency has: CHF 12.35. */
export function money(value: number | null | undefined, currency: string, locale: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return UNKNOWN;
  return new Intl.NumberFormat(locale, { style: "currency", currency, currencyDisplay: "code" }).format(value || 0).replace("-", "−");
}

export const percent = (share: number, locale: string): string =>
  new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: share > 0.99 && share < 1 ? 1 : 0 }).format(share);

/** What an age is called: a key of the messages with its number; null from a day on, where the date is said. */
export function age(seconds: number): { key: "age.seconds" | "age.minutes" | "age.hours"; n: number } | null {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return { key: "age.seconds", n: s };
  if (s < 3600) return { key: "age.minutes", n: Math.floor(s / 60) };
  if (s < 86_400) return { key: "age.hours", n: Math.floor(s / 3600) };
  return null;
}

const at = (ms: number, zone: string, locale: string, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat(locale, { ...options, timeZone: zone }).format(ms);

/** 14:05 */
export const clock = (ms: number, zone: string, locale: string): string =>
  at(ms, zone, locale, { hour: "2-digit", minute: "2-digit" });

/** 14:05:09 */
export const clockSeconds = (ms: number, zone: string, locale: string): string =>
  at(ms, zone, locale, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** 14 Aug 2026, 14:05 */
export const moment = (ms: number, zone: string, locale: string): string =>
  at(ms, zone, locale, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });

/** A calendar day `YYYY-MM-DD`, as in "Fri, 14 Aug". */
export const day = (date: string, locale: string): string =>
  at(Date.parse(`${date}T12:00Z`), "UTC", locale, { weekday: "short", day: "numeric", month: "short" });

/** A calendar day with its year: "14 Aug 2026". */
export const date = (day: string, locale: string): string =>
  at(Date.parse(`${day}T12:00Z`), "UTC", locale, { day: "numeric", month: "short", year: "numeric" });

/** A calendar day, short: "14 Aug". */
export const dayShort = (date: string, locale: string): string =>
  at(Date.parse(`${date}T12:00Z`), "UTC", locale, { day: "numeric", month: "short" });

/** The month of a calendar day, as in "August 2026". */
export const month = (date: string, locale: string): string =>
  at(Date.parse(`${date}T12:00Z`), "UTC", locale, { month: "long", year: "numeric" });

/** The month of a calendar day, short: "Aug". */
export const monthShort = (date: string, locale: string): string =>
  at(Date.parse(`${date}T12:00Z`), "UTC", locale, { month: "short" });

/** A length of time in seconds as one number: 10 s, 5 min, 1 h. */
export function span(seconds: number, locale: string): string {
  const [n, unit] = seconds % 3600 === 0 ? [seconds / 3600, "h"] : seconds % 60 === 0 ? [seconds / 60, "min"] : [seconds, "s"];
  return together(plain(n, locale, 0, 1), unit).text;
}
