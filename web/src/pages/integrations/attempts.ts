import type { Integration } from "../../api/integrations.ts";

/** How often a client of an integration tried what it may not. */
export const attempts = ({ break_outs: tried }: Integration): number => tried.publish + tried.subscribe + tried.client_id;
