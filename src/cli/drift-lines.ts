import type { DriftOf } from "../core/drift.ts";
import { escapeLine } from "./escape.ts";
import { differenceLines } from "./planned-change.ts";
import type { Printer } from "./printer.ts";
import { wrapped } from "./width.ts";

/** What the destination holds other than it should: the record, and its fields. */
export function driftLines(drift: DriftOf, printer: Printer): readonly string[] {
  const { style, columns, complete } = printer;
  const of = (name: string | undefined): string => style("bold", escapeLine(name ?? "(no key)"));
  switch (drift.kind) {
    case "missing":
      return wrapped(
        `  ${style("red", "missing")}    ${of(drift.key)}${drift.why === undefined ? "" : `  ${style("dim", escapeLine(complete(drift.why)))}`}`,
        columns,
      );
    case "extra":
      return [`  ${style("green", "extra")}      ${of(drift.match ?? drift.named)}${style("dim", whyExtra(drift))}`];
    case "different":
      return [`  ${style("yellow", "different")}  ${of(drift.key)}`, ...differenceLines(drift.differences, printer)];
    case "invalid":
      return wrapped(
        `  ${style("red", "invalid")}    ${of(drift.key)}  ${escapeLine(complete(`${drift.code}: ${drift.reason}`))}`,
        columns,
      );
  }
}

function whyExtra({ match, isDouble, uncompared = 0 }: Extract<DriftOf, { readonly kind: "extra" }>): string {
  if (isDouble) return "  it is there twice";
  const nameless = match === undefined ? "  it has no value to be matched by" : "";
  if (uncompared === 0) return nameless;
  const those = uncompared === 1 ? "the record" : `one of the ${uncompared} records`;
  return `${nameless}  it may be ${those} of the source that could not be compared`;
}
