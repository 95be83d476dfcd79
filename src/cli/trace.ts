import type { RunEvent } from "../core/events.ts";
import { evidenceLines } from "./evidence.ts";
import type { Printer } from "./printer.ts";

/** One request and its answer, as they were on the wire. */
export function showTrace(
  { connection, evidence }: Pick<Extract<RunEvent, { readonly type: "trace" }>, "connection" | "evidence">,
  { note, noteStyle }: Printer,
): void {
  note([noteStyle("dim", `--- ${connection}`), ...evidenceLines(evidence, noteStyle)].join("\n"));
}
