import { answered, client, whole } from "./client.ts";
import type { components } from "./schema.ts";

type Shapes = components["schemas"];
export type Person = Shapes["Person"];
export type Invitation = Shapes["Invitation"];
export type Role = Person["role"];
export type Organisation = Shapes["Organisation"];
export type Step = Shapes["AuditEntry"];
export type Mail = Shapes["Mail"];
export type Token = Shapes["Token"];
export type Scope = Token["scope"];

const of = (id: number) => ({ params: { path: { id } } });

/** Every call about accounts: joining, one's own sessions and second step, people, organisations, the log, mail. */
export const accounts = {
  signUp: (email: string, organisation: string, language: "en" | "de") =>
    answered(client.POST("/api/sign-up", { body: { email, organisation, language } })),
  forgotten: (email: string) => answered(client.POST("/api/password/forgotten", { body: { email } })),
  look: (token: string) => answered(client.POST("/api/link", { body: { token } })),
  activate: (token: string, password: string, name: string, language: "en" | "de") =>
    answered(client.POST("/api/activation", { body: { token, password, name, language } })),
  reset: (token: string, password: string) => answered(client.POST("/api/password/reset", { body: { token, password } })),
  confirmAddress: (token: string) => answered(client.POST("/api/account/address", { body: { token } })),

  sessions: (signal: AbortSignal) => answered(client.GET("/api/account/sessions", { signal })),
  endSession: (id: number) => answered(client.DELETE("/api/account/sessions/{id}", of(id))),
  endOthers: () => answered(client.DELETE("/api/account/sessions")),

  tokens: (signal: AbortSignal) =>
    whole((query: { after?: number }) => answered(client.GET("/api/tokens", { params: { query }, signal }))),
  makeToken: (scope: Scope, name: string, days: number | null, password: string) =>
    answered(client.POST("/api/tokens", { body: { scope, name, expires_days: days, current_password: password } })),
  revokeToken: (id: number) => answered(client.DELETE("/api/tokens/{id}", of(id))),

  secondStep: (signal: AbortSignal) => answered(client.GET("/api/account/second-factor", { signal })),
  propose: (password: string) => answered(client.POST("/api/account/second-factor", { body: { current_password: password } })),
  confirm: (code: string) => answered(client.POST("/api/account/second-factor/confirm", { body: { code } })),
  renewCodes: (code: string) => answered(client.POST("/api/account/second-factor/recovery-codes", { body: { code } })),
  turnOff: (code: string) => answered(client.POST("/api/account/second-factor/off", { body: { code } })),

  people: (signal: AbortSignal) =>
    whole((query: { after?: number }) => answered(client.GET("/api/people", { params: { query }, signal }))),
  invite: (email: string, role: Role, organisation: number | null | undefined, language: "en" | "de") =>
    answered(
      client.POST("/api/people/invitations", {
        body: { email, role, language, ...(organisation === undefined ? {} : { organisation }) },
      }),
    ),
  renewInvitation: (id: number) => answered(client.POST("/api/people/invitations/{id}", of(id))),
  withdraw: (id: number) => answered(client.DELETE("/api/people/invitations/{id}", of(id))),
  setRole: (id: number, role: Role) => answered(client.PUT("/api/people/{id}", { ...of(id), body: { role } })),
  remove: (id: number) => answered(client.DELETE("/api/people/{id}", of(id))),
  signOut: (id: number) => answered(client.DELETE("/api/people/{id}/sessions", of(id))),
  secondStepOff: (id: number) => answered(client.DELETE("/api/people/{id}/second-factor", of(id))),

  organisations: (signal: AbortSignal) =>
    whole((query: { after?: number }) => answered(client.GET("/api/organisations", { params: { query }, signal }))),
  addOrganisation: (name: string) => answered(client.POST("/api/organisations", { body: { name } })),
  renameOrganisation: (id: number, name: string) => answered(client.PUT("/api/organisations/{id}", { ...of(id), body: { name } })),
  removeOrganisation: (id: number) => answered(client.DELETE("/api/organisations/{id}", of(id))),

  audit: (query: { after?: number; subject?: string }, signal: AbortSignal) => answered(client.GET("/api/audit", { params: { query }, signal })),
  mail: (signal: AbortSignal) => answered(client.GET("/api/mail", { signal })),
  mailTest: () => answered(client.POST("/api/mail/test")),
  mailNow: () => answered(client.POST("/api/mail/now")),
};
