import { reach } from "../app/reach.svelte.ts";

/** What went wrong with a request, in the words of problem+json; status 0 means the server was not reached. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly requestId: string | null = null,
    readonly fields: Readonly<Record<string, string>> = {},
  ) {
    super(detail || title);
  }
}

export const OFFLINE = 0;
const TIMEOUT_MS = 20_000;

/** Fetches with a limit in time; a server that cannot be reached becomes a Problem. */
export async function bounded(request: Request): Promise<Response> {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(request, { signal: AbortSignal.any([request.signal, limit]) });
    reach.ok();
    return response;
  } catch (trouble) {
    if (request.signal.aborted) throw trouble;
    reach.failed();
    throw new Problem(OFFLINE, "", "");
  }
}
