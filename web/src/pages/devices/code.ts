import { macOf } from "../integrations/members.ts";

/** What a device's QR code says: `ohmstead:MAC?claim=CODE`, read without regard to case; null where it is another's. */
export function readCode(text: string): { mac: string; code: string } | null {
  const found = /^ohmstead:([0-9a-f:.-]+)\?claim=([0-9a-z -]{4,40})$/i.exec(text.trim());
  const mac = macOf(found?.[1] ?? "");
  const code = found?.[2];
  return mac && code ? { mac, code: code.toUpperCase() } : null;
}
