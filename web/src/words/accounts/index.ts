import { speaker } from "../chosen.svelte.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";

/** What the pages about accounts and people say, in the chosen language. */
export const a = speaker<typeof en>({ en, de });
