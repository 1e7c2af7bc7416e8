import { de } from "./de.ts";
import { en } from "./en.ts";
import { filled, type Fillings, type Key, type Words } from "./words.ts";

export type Language = "en" | "de";
export const LANGUAGES: Readonly<Record<Language, string>> = { en: "English", de: "Deutsch" };

const KEPT = "ohmstead.language";
const WORDS: Readonly<Record<Language, Words>> = { en, de };
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

/** What a kind of meter is called; a kind that the pages do not know yet says its own name. */
export function kindOf(type: string): string {
  const key = `kind.${type}`;
  return key in en ? t(key as Key & `kind.${string}`) : type;
}

/** The message of this key in the chosen language, its slots filled in. */
export function t<K extends Key>(key: K, ...fillings: Fillings<K>): string {
  return filled(WORDS[chosen.language][key], fillings[0] ?? {}, chosen.locale);
}
