import { speaker } from "../chosen.svelte.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";

/** What the pages about devices and integrations say, in the chosen language. */
export const i = speaker<typeof en>({ en, de });
