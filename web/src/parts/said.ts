import { OFFLINE, type Problem } from "../api/problem.ts";
import { t } from "../words/common/index.ts";

/** What became of a request, by its status: the server's own words are English, so each is told what it means, too. */
const BY_STATUS = {
  400: "state.said400",
  403: "state.said403",
  404: "state.said404",
  409: "state.said409",
  413: "state.said413",
  429: "state.said429",
  503: "state.said503",
} as const;

const known = (status: number): status is keyof typeof BY_STATUS => status in BY_STATUS;

/** What went wrong, for people: no connection, what the server said against it, or that it said nothing. */
export function said(problem: Problem): string {
  if (problem.status === OFFLINE) return t("state.offlineTitle");
  if (!problem.detail) return t("state.error", { status: problem.status });
  return t(known(problem.status) ? BY_STATUS[problem.status] : "state.said", { detail: problem.detail });
}
