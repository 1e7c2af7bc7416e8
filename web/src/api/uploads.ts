import { answered, client } from "./client.ts";
import type { components } from "./schema.ts";

type Shapes = components["schemas"];
/** What is said of a table, all of it optional; and the same as it was understood. */
export type How = Shapes["UploadHow"];
export type ColumnSaid = Shapes["UploadColumn"];
export type Look = Shapes["UploadLook"];
export type Row = Shapes["UploadRow"];
export type Taken = Shapes["UploadTaken"];
export type Trouble = Shapes["UploadTrouble"];
export type Days = Shapes["UploadDays"];

const of = (id: string) => ({ params: { path: { id } } });

/** Tables of past readings: looked at, then sent piece by piece. */
export const uploads = {
  look: (id: string, data: string, whole: boolean, how: How, signal: AbortSignal) =>
    answered(client.POST("/api/meters/{id}/uploads/look", { ...of(id), body: { data, whole, how }, signal })),
  piece: (id: string, body: Shapes["UploadPiece"], signal: AbortSignal) =>
    answered(client.POST("/api/meters/{id}/uploads", { ...of(id), body, signal })),
};
