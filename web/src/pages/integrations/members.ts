import type { Device, Member } from "../../api/integrations.ts";

/** The devices whose newest reading one may see: those in the integration first, then others of one's own. */
export function previewable(members: readonly Member[], devices: readonly Device[], all: boolean): string[] {
  const own = new Set(devices.filter((each) => all || each.claimed).map((each) => each.mac));
  const inside = members.map((each) => each.mac).filter((mac) => own.has(mac));
  return [...inside, ...[...own].filter((mac) => !inside.includes(mac))];
}

/** A MAC as twelve capital hex digits, from any usual spelling; null where it is none. */
export function macOf(written: string): string | null {
  const plain = written.replaceAll(/[\s:.-]/g, "").toUpperCase();
  return /^[0-9A-F]{12}$/.test(plain) ? plain : null;
}
