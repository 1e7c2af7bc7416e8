import { expect, test } from "vitest";
import { readCode } from "./code.ts";

test("a device's code is read in any case", () => {
  const said = { mac: "A848FA010203", code: "ABCD-EFGH" };
  expect(readCode("ohmstead:A848FA010203?claim=ABCD-EFGH")).toEqual(said);
  expect(readCode(" OHMSTEAD:A8:48:FA:01:02:03?CLAIM=abcd-efgh\n")).toEqual(said);
});

test("other codes are not taken for a device's", () => {
  for (const other of ["https://example.org", "ohmstead:A848?claim=ABCD-EFGH", "ohmstead:A848FA010203", "WIFI:S:x;;"])
    expect(readCode(other)).toBeNull();
});
