import type { Warning } from "../core/events.ts";
import { escapeLine } from "./escape.ts";
import { hanging } from "./failure.ts";
import type { Printer } from "./printer.ts";

/** What a result warns of, and what to do about it. */
export const warningLines = (warnings: readonly Warning[], { style, columns, complete }: Printer): readonly string[] =>
  warnings.flatMap(({ message, next }) => [
    ...hanging(`  ${style("yellow", "warning")} `, escapeLine(complete(message)), columns),
    ...(next === undefined ? [] : hanging("    next: ", escapeLine(complete(next)), columns)),
  ]);
