import type { Template } from "../../api/integrations.ts";

/** A template as it stands in the editor; null where the default one is meant. */
export function written(template: Template): string | null {
  if (template === null) return null;
  return typeof template === "string" ? template : JSON.stringify(template, null, 2);
}

/** What a text in the editor means: what is valid JSON is a structure, anything else a text (docs/integrations.md). */
export function read(text: string): Template {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text) as Template;
  } catch {
    return text;
  }
}

/** Where line and column (from 1) are in a text. */
export function offsetOf(text: string, line: number, column: number): number {
  const lines = text.split("\n");
  const before = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  return Math.min(before + column - 1, text.length);
}

/** The part of a text that is wrong there: a whole ${field}, a word, or one character. */
export function lengthAt(text: string, offset: number): number {
  const rest = text.slice(offset);
  return /^\$\{[^}\n]*\}?|^\w+|^[^\n]/.exec(rest)?.[0].length ?? 0;
}
