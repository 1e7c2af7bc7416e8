/** Which days are looked at, and in which pieces. */
import { dayPlus } from "../../numbers/zone.ts";

export const LENGTHS = ["week", "month", "year"] as const;
export type Length = (typeof LENGTHS)[number];

export interface Span {
  readonly length: Length;
  /** Days `YYYY-MM-DD`; the last one is not part of it. */
  readonly from: string;
  readonly to: string;
  readonly by: "day" | "month";
}

export const isLength = (text: string): text is Length => (LENGTHS as readonly string[]).includes(text);

const month = (day: string, plus: number): string => {
  const [year = 0, of = 1] = day.split("-").map(Number);
  return new Date(Date.UTC(year, of - 1 + plus, 1)).toISOString().slice(0, 10);
};

/** The last 7 or 31 days with today, or twelve whole months with this one. */
export function spanOf(length: Length, today: string): Span {
  if (length === "year") return { length, from: month(today, -11), to: month(today, 1), by: "month" };
  return { length, from: dayPlus(today, length === "week" ? -6 : -30), to: dayPlus(today, 1), by: "day" };
}
