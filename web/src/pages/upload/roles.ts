/** What the columns of a table are: from what the server understood to what a person chooses, and back. */
import type { ColumnSaid, How, Look } from "../../api/uploads.ts";

/** `none`, `time`, `meter`, or a catalogue key (or `value`). */
export type Role = string;

/** What each column is, in order. */
export function rolesOf(look: Look): Role[] {
  const { time, meter_column, columns } = look.how;
  return look.columns.map(({ number }) => {
    if (time?.includes(number)) return "time";
    if (meter_column === number) return "meter";
    return columns?.find((each) => each.number === number)?.key ?? "none";
  });
}

const columnsOf = (look: Look): ColumnSaid[] => [...(look.how.columns ?? [])];

/** What is said when a column becomes something else; a quantity that another one had moves here. */
export function withRole(look: Look, said: How, number: number, role: Role, unit: string | null): How {
  const roles = rolesOf(look);
  const time = roles.flatMap((each, n) => (each === "time" && n + 1 !== number ? [n + 1] : []));
  const columns = columnsOf(look).filter((each) => each.number !== number && each.key !== role);
  const how: How = { ...said, columns, time };
  how.meter_column = look.how.meter_column === number ? 0 : (look.how.meter_column ?? null);
  if (role === "time") Object.assign(how, { time: [...time, number].sort((a, b) => a - b), time_format: null, starts: null });
  else if (role === "meter") Object.assign(how, { meter_column: number, meter: null });
  else if (role !== "none") how.columns = [...columns, { number, key: role, unit }].sort((a, b) => a.number - b.number);
  if (roles[number - 1] === "time") how.time_format = null;
  return how;
}

/** What is said when a column's unit is another one. */
export function withUnit(look: Look, said: How, number: number, unit: string): How {
  const columns = columnsOf(look).map((each) => (each.number === number ? { ...each, unit } : each));
  return { ...said, columns };
}

/** What stays said when the table is cut into columns anew. */
export function anew(said: How, changes: How): How {
  const { encoding, delimiter, decimal, zone } = said;
  return Object.fromEntries(Object.entries({ encoding, delimiter, decimal, zone, ...changes }).filter(([, value]) => value !== undefined));
}

const UNITS: readonly (readonly string[])[] = [
  ["Wh", "kWh", "MWh"], ["W", "kW", "MW"], ["varh", "kvarh", "Mvarh"], ["var", "kvar", "Mvar"],
  ["VA", "kVA"], ["mV", "V", "kV"], ["mA", "A"], ["l", "m3"], ["J", "MJ", "GJ"],
];

/** The units that can be converted to this one; itself among them. */
export function unitsLike(unit: string): readonly string[] {
  return UNITS.find((each) => each.includes(unit)) ?? [unit];
}

const PARTS: Readonly<Record<"en" | "de", Readonly<Record<string, string>>>> = {
  en: { "%d": "DD", "%m": "MM", "%Y": "YYYY", "%y": "YY", "%H": "hh", "%I": "hh", "%M": "mm", "%S": "ss", "%f": "ffffff", "%p": "AM/PM" },
  de: { "%d": "TT", "%m": "MM", "%Y": "JJJJ", "%y": "JJ", "%H": "hh", "%I": "hh", "%M": "mm", "%S": "ss", "%f": "ffffff", "%p": "AM/PM" },
};

/** A way of writing times as people spell it: `DD.MM.YYYY hh:mm`. */
export function patternOf(form: string, language: "en" | "de"): string {
  return form.replace(/%[a-zA-Z]/g, (part) => PARTS[language][part] ?? part);
}
