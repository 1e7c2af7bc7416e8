/** Calendar days in a time zone; a day is `YYYY-MM-DD`, a moment is milliseconds since 1970. */

const parts = new Map<string, Intl.DateTimeFormat>();

function wall(ms: number, zone: string): number {
  let format = parts.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
      hour: "2-digit", minute: "2-digit", second: "2-digit",
    });
    parts.set(zone, format);
  }
  const said = Object.fromEntries(format.formatToParts(ms).map((part) => [part.type, Number(part.value)]));
  return Date.UTC(said.year ?? 0, (said.month ?? 1) - 1, said.day, said.hour, said.minute, said.second);
}

/** The calendar day of a moment in this zone. */
export const dayOf = (ms: number, zone: string): string => new Date(wall(ms, zone)).toISOString().slice(0, 10);

/** The hour of the day, 0 to 24, of a moment in this zone, with its minutes as a fraction. */
export const hourOf = (ms: number, zone: string): number => (wall(ms, zone) % 86_400_000) / 3_600_000;

/** The day `n` days later (or earlier). */
export const dayPlus = (day: string, n: number): string =>
  new Date(Date.parse(`${day}T00:00Z`) + n * 86_400_000).toISOString().slice(0, 10);

/** The moment at which a calendar day begins in this zone. */
export function dayStart(day: string, zone: string): number {
  const midnight = Date.parse(`${day}T00:00Z`);
  let guess = midnight - (wall(midnight, zone) - midnight);
  guess = midnight - (wall(guess, zone) - guess);
  // Where the clock jumps over midnight, the day begins an hour later than the arithmetic says.
  return dayOf(guess, zone) < day ? guess + 3_600_000 : guess;
}

export const isDay = (text: string | null): text is string =>
  text !== null && /^\d{4}-\d{2}-\d{2}$/.test(text) && Number.isFinite(Date.parse(`${text}T00:00Z`));

const STEPS_MIN = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440] as const;

/** Round moments of this zone's clock between two moments, about `wanted` of them at most. */
export function ticks(first: number, last: number, zone: string, wanted: number): number[] {
  const step = STEPS_MIN.find((minutes) => (last - first) / (minutes * 60_000) <= wanted) ?? 1440;
  const walk = (step < 15 ? 1 : 15) * 60_000; // zones differ from UTC by multiples of a quarter of an hour
  const found: number[] = [];
  for (let ms = Math.ceil(first / walk) * walk; ms <= last; ms += walk) {
    if (Math.round(hourOf(ms, zone) * 60) % step === 0) found.push(ms);
  }
  return found;
}
