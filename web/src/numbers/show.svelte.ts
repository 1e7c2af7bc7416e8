import { now } from "../app/now.svelte.ts";
import { chosen } from "../words/chosen.svelte.ts";
import { t } from "../words/common/index.ts";
import * as format from "./format.ts";

/** The formats of format.ts in the chosen locale. */
export const show = {
  brief: (value: number | null | undefined, unit: string | null | undefined) => format.brief(value, unit, chosen.locale),
  full: (value: number | null | undefined, unit: string | null | undefined, least = 0) =>
    format.full(value, unit, chosen.locale, least),
  money: (value: number | null | undefined, currency: string) => format.money(value, currency, chosen.locale),
  percent: (share: number) => format.percent(share, chosen.locale),
  clock: (ms: number, zone: string) => format.clock(ms, zone, chosen.locale),
  clockSeconds: (ms: number, zone: string) => format.clockSeconds(ms, zone, chosen.locale),
  moment: (ms: number, zone: string) => format.moment(ms, zone, chosen.locale),
  day: (date: string) => format.day(date, chosen.locale),
  date: (day: string) => format.date(day, chosen.locale),
  dayShort: (date: string) => format.dayShort(date, chosen.locale),
  month: (date: string) => format.month(date, chosen.locale),
  monthShort: (date: string) => format.monthShort(date, chosen.locale),
  span: (seconds: number) => format.span(seconds, chosen.locale),
  /** "12 s ago", and from a day on the date and time in the zone. */
  age(at: number, zone: string): string {
    const found = format.age((now.ms - at) / 1000);
    return found ? t(found.key, { n: found.n }) : format.moment(at, zone, chosen.locale);
  },
};

export const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;
