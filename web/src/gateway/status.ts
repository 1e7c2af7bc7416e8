/** The states of a meter, in the device's words, and what the pages say about each. */
import type { IconName } from "../parts/Icon.svelte";
import type { Key } from "./words/index.ts";

export interface State {
  readonly name: "ok" | "notConnected" | "noData" | "recognition" | "encryptionKey" | "keyRequired" | "notRecognized";
  readonly icon: IconName;
  /** Whether a key of the meter is what is missing. */
  readonly key: boolean;
  /** How many steps there are to try. */
  readonly steps: readonly Key[];
}

const steps = <N extends State["name"]>(name: N, count: number): Key[] =>
  Array.from({ length: count }, (_, i) => `status.${name}.step${i + 1}` as Key);

const STATES: Readonly<Record<string, State>> = {
  OK: { name: "ok", icon: "check", key: false, steps: [] },
  "NOT CONNECTED": { name: "notConnected", icon: "plug", key: false, steps: steps("notConnected", 3) },
  "NO DATA": { name: "noData", icon: "offline", key: false, steps: steps("noData", 3) },
  RECOGNITION: { name: "recognition", icon: "search", key: false, steps: steps("recognition", 2) },
  "ENCRYPTION KEY": { name: "encryptionKey", icon: "lock", key: true, steps: steps("encryptionKey", 3) },
  "KEY REQUIRED": { name: "keyRequired", icon: "lock", key: true, steps: steps("keyRequired", 3) },
  "NOT RECOGNIZED": { name: "notRecognized", icon: "warning", key: false, steps: steps("notRecognized", 3) },
};

/** The state of this name; one that nobody knows is shown like one that still searches. */
export const stateOf = (status: string): State => STATES[status] ?? STATES.RECOGNITION!;
