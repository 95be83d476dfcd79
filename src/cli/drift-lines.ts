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
      return [`  ${style("green", "extra")}      ${of(drift.match)}${drift.isDouble ? "  it is there twice" : ""}`];
    case "different":
      return [`  ${style("yellow", "different")}  ${of(drift.key)}`, ...differenceLines(drift.differences, printer)];
    case "invalid":
      return wrapped(
        `  ${style("red", "invalid")}    ${of(drift.key)}  ${escapeLine(complete(`${drift.code}: ${drift.reason}`))}`,
        columns,
      );
  }
}
