/** What an upload is made of: bytes as text, stretches of days, and what was refused as a table. */
import type { Days, Trouble } from "../../api/uploads.ts";

/** Bytes of a file that are sent at once: a second's work for a small server. */
export const PIECE = 256 * 1024;
const STEP = 0x8000;

/** Bytes in base64. */
export function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += STEP) text += String.fromCharCode(...bytes.subarray(at, at + STEP));
  return btoa(text);
}

/** All days of both, as stretches in order; stretches that touch become one. */
export function joined(some: readonly Days[], more: readonly Days[]): Days[] {
  const found: Days[] = [];
  for (const each of [...some, ...more].sort((a, b) => a.from.localeCompare(b.from))) {
    const last = found.at(-1);
    if (last && each.from <= last.to) found[found.length - 1] = { from: last.from, to: last.to > each.to ? last.to : each.to };
    else found.push(each);
  }
  return found;
}

const DAY_MS = 86_400_000;
const dayMs = (day: string): number => Date.parse(`${day}T00:00:00Z`);

/** How many days stretches have together. */
export function count(days: readonly Days[]): number {
  return days.reduce((sum, each) => sum + (dayMs(each.to) - dayMs(each.from)) / DAY_MS, 0);
}

/** The last day that is within a stretch whose end is not with it. */
export const lastDay = (to: string): string => new Date(dayMs(to) - DAY_MS).toISOString().slice(0, 10);

/** The length of the energy page that shows so many days best. */
export const lengthOf = (days: number): "week" | "month" | "year" => (days <= 7 ? "week" : days <= 31 ? "month" : "year");

const cell = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** What was refused as a CSV: the line, and why in words; no cell begins a formula. */
export function refusedCsv(head: readonly [string, string], troubles: readonly Trouble[], why: (trouble: Trouble) => string): string {
  const plain = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
  const rows = troubles.map((each) => [String(each.line ?? ""), plain(`${why(each)} (${each.text})`)]);
  return [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

/** How long the rest takes, in seconds; null while nobody can know. */
export function secondsLeft(done: number, elapsedMs: number): number | null {
  return done < 0.02 || elapsedMs < 1_500 ? null : Math.max(1, Math.round((elapsedMs / done) * (1 - done) / 1000));
}
