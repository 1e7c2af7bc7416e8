import { answered, client, whole } from "./client.ts";
import type { components } from "./schema.ts";

type Shapes = components["schemas"];
export type Contract = Shapes["Contract"];
export type TariffSummary = Shapes["TariffSummary"];
export type Costs = Shapes["Costs"];
export type Bill = Shapes["Bill"];
export type Line = Shapes["Line"];
export type Missing = Bill["missing"][number];

const of = (id: string) => ({ params: { path: { id } } });

/** What energy costs, and by which tariffs; days are those of the site, `to` not among them. */
export const costs = {
  by: (id: string, query: { from: string; to: string; by: "bill" | "day" | "month" }, signal: AbortSignal) =>
    answered(client.GET("/api/meters/{id}/costs", { params: { path: { id }, query }, signal })),
  contracts: (id: string, signal: AbortSignal) =>
    whole((query: { after?: string }) =>
      answered(client.GET("/api/meters/{id}/contracts", { params: { path: { id }, query }, signal })),
    ),
  assign: (id: string, body: Shapes["NewContract"]) => answered(client.POST("/api/meters/{id}/contracts", { ...of(id), body })),
  end: (id: string, to: string) => answered(client.PUT("/api/meters/{id}/contracts", { ...of(id), body: { to } })),
  tariffs: (signal: AbortSignal) =>
    whole((query: { after?: number }) => answered(client.GET("/api/tariffs", { params: { query }, signal }))),
  add: (body: Shapes["NewTariff"]) => answered(client.POST("/api/tariffs", { body })),
};
