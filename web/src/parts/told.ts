import type { Complaint } from "../api/rules.ts";
import { t } from "../words/common/index.ts";

/** A complaint about the text of the field called `name`, in words. */
export function told(found: Complaint, name: string, value: string): string {
  switch (found.key) {
    case "form.short":
      return t(found.key, { field: name, has: [...value].length, min: found.limit });
    case "form.long":
      return t(found.key, { field: name, has: [...value].length, max: found.limit });
    case "form.least":
      return t(found.key, { field: name, min: found.limit });
    case "form.most":
      return t(found.key, { field: name, max: found.limit });
    case "form.required":
      return t(found.key, { field: name });
    case "form.pattern":
      return t(found.key, { field: name, value });
    default:
      return t(found.key, { value });
  }
}
