import { referencesText } from "../core/reference.ts";
import type { PlannedChange } from "../evenkeel.ts";
import { escapeLine } from "./escape.ts";
import type { Printer } from "./printer.ts";
import { fit, padEnd, widthOf, wrapped } from "./width.ts";

const SIGN = {
  create: ["green", "+"],
  update: ["yellow", "~"],
  delete: ["red", "-"],
  wait: ["yellow", ">"],
  invalid: ["red", "!"],
} as const;

/** One planned change: what becomes of the record, and of which of its fields. */
export function changeLines(change: PlannedChange, printer: Printer): readonly string[] {
  const { style, columns, complete } = printer;
  const [format, sign] = SIGN[change.kind];
  const key = style("bold", change.key === undefined ? "(no key)" : escapeLine(change.key));
  const head = `  ${style(format, sign)} ${key}`;
  switch (change.kind) {
    case "create":
      return [
        `${head}${addressText(change.address, printer)}`,
        ...fieldLines(
          Object.entries(change.mapped).map(([name, value]) => [name, JSON.stringify(value)]),
          printer,
        ),
      ];
    case "update":
      return [
        `${head}${addressText(change.address, printer)}`,
        ...differenceLines(change.differences, printer),
        ...noteLines(change.note, printer),
      ];
    case "delete":
      return [`${head}${addressText(change.address, printer)}`, ...noteLines(change.note, printer)];
    case "wait":
      return [`${head}  waits for ${escapeLine(referencesText(change.waitsFor))}, which this plan creates`];
    case "invalid":
      return wrapped(`${head}  ${escapeLine(complete(`${change.code}: ${change.reason}`))}`, columns);
  }
}

const addressText = (address: string | undefined, { style }: Printer): string =>
  address === undefined ? "" : `  ${style("dim", escapeLine(address))}`;

const INDENT = "      ";

const noteLines = (note: string | undefined, { style, columns }: Printer): readonly string[] =>
  note === undefined ? [] : wrapped(`${INDENT}${style("dim", escapeLine(note))}`, columns);

/** A longer value is cut to its line, unless `--verbose` asks for all of it. */
const valueWidth = (label: number, { columns, isVerbose }: Printer): number =>
  isVerbose ? Number.POSITIVE_INFINITY : columns - INDENT.length - label - 2;

function fieldLines(fields: readonly (readonly [name: string, value: string])[], printer: Printer): readonly string[] {
  const label = labelWidth(fields.map(([name]) => name));
  return fields.map(
    ([name, value]) =>
      `${INDENT}${padEnd(escapeLine(name), label)}  ${fit(escapeLine(value), valueWidth(label, printer))}`,
  );
}

/** What each field is, and what it is to be. */
export function differenceLines(
  differences: readonly {
    readonly path: string;
    readonly before: string | undefined;
    readonly after: string | undefined;
  }[],
  printer: Printer,
): readonly string[] {
  const { style } = printer;
  const label = labelWidth(differences.map(({ path }) => path));
  return differences.flatMap(({ path, before, after }) => {
    const [left, right] = [before, after].map((value) => (value === undefined ? "(absent)" : escapeLine(value))) as [
      string,
      string,
    ];
    const name = `${INDENT}${padEnd(escapeLine(path), label)}  `;
    if (widthOf(left) + widthOf(right) + 4 <= valueWidth(label, printer))
      return [`${name}${style("red", left)} → ${style("green", right)}`];
    const width = valueWidth(label, printer) - 2;
    return [
      `${name}  ${style("red", fit(left, width))}`,
      `${" ".repeat(widthOf(name))}→ ${style("green", fit(right, width))}`,
    ];
  });
}

/** Names are aligned as far as one long name does not push all values away. */
const LABEL_MAX = 24;
const labelWidth = (names: readonly string[]): number =>
  Math.max(0, ...names.map((name) => widthOf(escapeLine(name))).filter((width) => width <= LABEL_MAX));
