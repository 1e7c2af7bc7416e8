import { filled, type Catalogue, type Fillings, type Like } from "./words.ts";

export type Language = "en" | "de";
export const LANGUAGES: Readonly<Record<Language, string>> = { en: "English", de: "Deutsch" };

const KEPT = "ohmstead.language";
const USUAL: Readonly<Record<Language, string>> = { en: "en-GB", de: "de-DE" };

const isLanguage = (value: string | null | undefined): value is Language => value === "en" || value === "de";

function preferred(): Language {
  const kept = localStorage.getItem(KEPT);
  if (isLanguage(kept)) return kept;
  return navigator.languages.map((tag) => tag.slice(0, 2)).find(isLanguage) ?? "en";
}

/** The language of the pages, and the region whose way of writing numbers and dates goes with it. */
class Chosen {
  language = $state<Language>(preferred());
  locale = $derived(
    navigator.languages.find((tag) => tag.slice(0, 2) === this.language && tag.length > 2) ?? USUAL[this.language],
  );

  use(language: string | null | undefined): void {
    if (!isLanguage(language)) return;
    this.language = language;
    localStorage.setItem(KEPT, language);
    document.documentElement.lang = language;
  }
}

export const chosen = new Chosen();
document.documentElement.lang = chosen.language;

/** What gives the messages of a catalogue in the chosen language, their slots filled in. */
export function speaker<C extends Catalogue>(words: Readonly<Record<Language, Like<C>>>) {
  return <K extends keyof C & string>(key: K, ...fillings: Fillings<C[K]>): string =>
    filled(words[chosen.language][key], (fillings[0] ?? {}) as Record<string, string | number>, chosen.locale);
}
