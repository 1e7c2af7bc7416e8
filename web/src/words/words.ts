import type { en } from "./en.ts";

/** A message with {slots}; with two forms where a number called {count} decides. */
export type Message = string | { readonly one: string; readonly other: string };
/** All that pages say, by key. */
export type Catalogue = Readonly<Record<string, Message>>;
/** A catalogue in another language: just the same keys. */
export type Like<C> = { readonly [K in keyof C]: C[K] extends string ? string : { one: string; other: string } };

export type Key = keyof typeof en;
export type Words = Like<typeof en>;

type SlotsOf<S> = S extends `${string}{${infer Slot}}${infer Rest}` ? Slot | SlotsOf<Rest> : never;
/** The {slots} of a message, read from its English text. */
export type Slots<M> = M extends string ? SlotsOf<M> : M extends { one: infer A; other: infer B } ? SlotsOf<A> | SlotsOf<B> : never;
export type Fillings<M> = [Slots<M>] extends [never] ? [] : [Record<Slots<M>, string | number>];

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
