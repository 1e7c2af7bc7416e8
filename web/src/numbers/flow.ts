/** What flows at a meter's grid connection, from its latest values (OBIS -> kW). */

export interface Flow {
  /** Import minus export in kW; null when the meter says neither. */
  readonly net: number | null;
  readonly direction: "import" | "export" | "still" | "unknown";
  /** The quantity that the number shows. */
  readonly obis: string;
}

export function flow(values: Readonly<Record<string, number>> | undefined): Flow {
  const [imported, exported, net] = [values?.["1.7.0"], values?.["2.7.0"], values?.["16.7.0"]];
  if (imported === undefined && exported === undefined) return said(net ?? null, "16.7.0");
  const sum = (imported ?? 0) - (exported ?? 0);
  if (imported && exported) return said(sum, "16.7.0");
  return said(sum, exported && !imported ? "2.7.0" : "1.7.0");
}

function said(net: number | null, obis: string): Flow {
  if (net === null) return { net, direction: "unknown", obis };
  return { net, direction: net > 0 ? "import" : net < 0 ? "export" : "still", obis };
}

const LATE = 3;

/** Whether a value is older than three of the meter's intervals; live values may come far more often. */
export const stale = (at: number, nowMs: number, intervalSeconds: number): boolean =>
  nowMs - at > LATE * intervalSeconds * 1000;
