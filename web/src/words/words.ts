import type { en } from "./en.ts";

/** A message with {slots}; with two forms where a number called {count} decides. */
export type Message = string | { readonly one: string; readonly other: string };
export type Key = keyof typeof en;
export type Words = { readonly [K in Key]: (typeof en)[K] extends string ? string : { one: string; other: string } };

type SlotsOf<S> = S extends `${string}{${infer Slot}}${infer Rest}` ? Slot | SlotsOf<Rest> : never;
/** The {slots} of a message, read from its English text. */
export type Slots<K extends Key> = (typeof en)[K] extends string
  ? SlotsOf<(typeof en)[K]>
  : (typeof en)[K] extends { one: infer A; other: infer B }
    ? SlotsOf<A> | SlotsOf<B>
    : never;
export type Fillings<K extends Key> = [Slots<K>] extends [never] ? [] : [Record<Slots<K>, string | number>];

/** The message with its slots filled in: numbers by locale, `count` choosing the form. */
export function filled(message: Message, slots: Record<string, string | number>, locale: string): string {
  let text = message;
  if (typeof text !== "string") {
    const one = new Intl.PluralRules(locale).select(Number(slots.count)) === "one";
    text = one ? text.one : text.other;
  }
  return text.replace(/\{(\w+)\}/g, (_, slot: string) => {
    const value = slots[slot];
    return typeof value === "number" ? new Intl.NumberFormat(locale).format(value) : (value ?? "");
  });
}
