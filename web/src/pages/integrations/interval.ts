import { i } from "../../words/integrations/index.ts";

const LONGEST_S = 86_400;

/** What is wrong with an interval as it was typed, in words; undefined where nothing is. */
export function badInterval(typed: string, floor: number): string | undefined {
  const seconds = Number(typed.trim().replace(",", "."));
  const right = typed.trim() !== "" && Number.isFinite(seconds) && seconds >= floor && seconds <= LONGEST_S;
  return right ? undefined : i("send.intervalBad", { value: typed, floor });
}

/** The seconds of a typed interval that is right. */
export const secondsOf = (typed: string): number => Number(typed.trim().replace(",", "."));
