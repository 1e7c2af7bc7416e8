import { answered, client, whole } from "./client.ts";
import type { components } from "./schema.ts";

type Shapes = components["schemas"];
export type Integration = Shapes["Integration"];
export type Sheet = Shapes["Sheet"];
export type Member = Shapes["Member"];
export type Device = Shapes["Device"];
export type TemplateField = Shapes["Field"];
export type Preview = Shapes["Preview"];
export type Mistake = Shapes["Mistake"];
export type Messages = Shapes["Messages"];
/** A text, a JSON structure, or null: as it is by default. */
export type Template = NonNullable<Shapes["Draft"]["template"]> | null;
export type State = Integration["state"];

const of = (id: string) => ({ params: { path: { id } } });
const inside = (id: string, mac: string) => ({ params: { path: { id, mac } } });

/** Every call about integrations and devices. */
export const integrations = {
  all: (signal: AbortSignal) =>
    whole((query: { after?: string }) => answered(client.GET("/api/integrations", { params: { query }, signal }))),
  ask: (body: Shapes["Request"]) => answered(client.POST("/api/integrations", { body })),
  get: (id: string, signal: AbortSignal) => answered(client.GET("/api/integrations/{id}", { ...of(id), signal })),
  change: (id: string, body: Shapes["integration_shapes_Change"]) => answered(client.PATCH("/api/integrations/{id}", { ...of(id), body })),
  remove: (id: string) => answered(client.DELETE("/api/integrations/{id}", of(id))),
  approve: (id: string, interval: number | null) =>
    answered(client.POST("/api/integrations/{id}/approve", { ...of(id), body: { interval_s: interval } })),
  refuse: (id: string, reason: string) => answered(client.POST("/api/integrations/{id}/refuse", { ...of(id), body: { reason } })),
  pause: (id: string) => answered(client.POST("/api/integrations/{id}/pause", of(id))),
  resume: (id: string) => answered(client.POST("/api/integrations/{id}/resume", of(id))),
  revoke: (id: string) => answered(client.POST("/api/integrations/{id}/revoke", of(id))),

  sheet: (id: string, signal: AbortSignal) => answered(client.GET("/api/integrations/{id}/sheet", { ...of(id), signal })),
  password: (id: string, overlap: number) =>
    answered(client.POST("/api/integrations/{id}/password", { ...of(id), body: { overlap_s: overlap } })),

  members: (id: string, signal: AbortSignal) =>
    whole((query: { after?: string }) =>
      answered(client.GET("/api/integrations/{id}/devices", { params: { path: { id }, query }, signal })),
    ),
  attach: (id: string, mac: string, how: Shapes["Joining"] = {}) =>
    answered(client.PUT("/api/integrations/{id}/devices/{mac}", { ...inside(id, mac), body: how })),
  detach: (id: string, mac: string) => answered(client.DELETE("/api/integrations/{id}/devices/{mac}", inside(id, mac))),

  fields: (signal: AbortSignal) => answered(client.GET("/api/integrations/fields", { signal })),
  preview: (body: Shapes["Draft"], signal: AbortSignal) => answered(client.POST("/api/integrations/preview", { body, signal })),
  messages: (id: string, signal: AbortSignal) => answered(client.GET("/api/integrations/{id}/messages", { ...of(id), signal })),
  test: (id: string) => answered(client.POST("/api/integrations/{id}/test", { ...of(id), body: {} })),

  devices: (signal: AbortSignal) =>
    whole((query: { after?: string }) => answered(client.GET("/api/devices", { params: { query }, signal }))),
  claim: (mac: string, code: string) => answered(client.POST("/api/devices/claim", { body: { mac, code } })),
  release: (mac: string) => answered(client.DELETE("/api/devices/{mac}/claim", { params: { path: { mac } } })),
};
