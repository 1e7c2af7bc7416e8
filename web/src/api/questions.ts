import { answered, client } from "./client.ts";

/** Questions about energy, of days of the site, `to` not among them; each gives the answer or throws a Problem. */
export const questions = {
  comparison: (id: string, query: { from: string; to: string; by: string; with: string }, signal: AbortSignal) =>
    answered(client.GET("/api/meters/{id}/comparison", { params: { path: { id }, query }, signal })),
  series: (id: string, fromMs: number, toMs: number, quantities: string, pixels: number, signal: AbortSignal) =>
    answered(
      client.GET("/api/meters/{id}/series", {
        params: { path: { id }, query: { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), quantities: quantities.split(","), pixels } },
        signal,
      }),
    ),
  heatMap: (id: string, from: string, to: string, signal: AbortSignal) =>
    answered(client.GET("/api/meters/{id}/heat-map", { params: { path: { id }, query: { from, to } }, signal })),
  loadDuration: (id: string, from: string, to: string, points: number, signal: AbortSignal) =>
    answered(client.GET("/api/meters/{id}/load-duration", { params: { path: { id }, query: { from, to, points } }, signal })),
  peaks: (id: string, from: string, to: string, signal: AbortSignal) =>
    answered(client.GET("/api/meters/{id}/peaks", { params: { path: { id }, query: { from, to, count: 5 } }, signal })),
  breakdown: (site: number, type: string, from: string, to: string, signal: AbortSignal) =>
    answered(client.GET("/api/sites/{id}/breakdown", { params: { path: { id: site }, query: { from, to, type, by: "whole" } }, signal })),
  ownUse: (site: number, from: string, to: string, signal: AbortSignal) =>
    answered(client.GET("/api/sites/{id}/self-consumption", { params: { path: { id: site }, query: { from, to, by: "whole" } }, signal })),
};

type Answered<F extends (...given: never[]) => Promise<unknown>> = Awaited<ReturnType<F>>;
export type Comparison = Answered<typeof questions.comparison>;
export type SeriesAnswer = Answered<typeof questions.series>;
export type HeatMap = Answered<typeof questions.heatMap>;
export type LoadDuration = Answered<typeof questions.loadDuration>;
export type Peaks = Answered<typeof questions.peaks>;
export type Breakdown = Answered<typeof questions.breakdown>;
export type OwnUse = Answered<typeof questions.ownUse>;
