import type { RunEvent } from "../core/events.ts";
import { counted, countdown } from "./amounts.ts";
import type { Suggest } from "./command-line.ts";
import { driftLines } from "./drift-lines.ts";
import { escapeLine } from "./escape.ts";
import type { Printer } from "./printer.ts";

type Notice = Extract<RunEvent, { readonly type: "invalid" | "rejected" | "held" | "warning" | "withheld" | "drift" }>;

/** So many of a kind are told one by one: the first ones show what is wrong, the hundredth shows nothing new. */
const TOLD_MAX = 5;

/** Tells what needs a person's attention while a run goes on, each kind a few times only. */
export function createNotices(printer: Printer, suggest: Suggest): (event: Notice) => void {
  const told = new Map<string, number>();
  return (event) => {
    const kind = kindOf(event);
    const already = told.get(`${event.sync} ${kind}`) ?? 0;
    told.set(`${event.sync} ${kind}`, already + 1);
    if (already < TOLD_MAX) printer.say(noticeText(event, printer));
    else if (already === TOLD_MAX) printer.say(`${event.sync}: ${enoughText(event, suggest)}`);
  };
}

/** What is told a few times only. */
function kindOf(event: Notice): string {
  switch (event.type) {
    case "held":
      return event.state;
    case "warning":
      return `warning ${event.code}`;
    case "drift":
      return event.drift.kind;
    case "invalid":
    case "rejected":
    case "withheld":
      return event.type;
  }
}

function noticeText(event: Notice, printer: Printer): string {
  const { noteStyle, complete } = printer;
  const { sync } = event;
  switch (event.type) {
    case "invalid": {
      const of = event.key === undefined ? "a record" : `record ${escapeLine(event.key)}`;
      return `${sync}: ${noteStyle("yellow", "invalid")} ${of}: ${escapeLine(complete(event.reason))}`;
    }
    case "rejected": {
      const status =
        event.status === undefined || event.reason.includes(String(event.status)) ? "" : ` (${event.status})`;
      return `${sync}: ${noteStyle("yellow", "rejected")} record ${escapeLine(event.key)}: ${escapeLine(complete(event.reason))}${status}`;
    }
    case "held": {
      const until = event.untilMs === undefined ? "" : `, not before ${countdown(event.untilMs - event.atMs)} from now`;
      const state = event.state === "unknown" ? "unknown outcome of" : "put off";
      return `${sync}: ${noteStyle("yellow", state)} record ${escapeLine(event.key)}: ${escapeLine(complete(event.reason))}${until}`;
    }
    case "drift":
      return `${sync}:${driftLines(event.drift, printer).join("\n").slice(1)}`;
    case "withheld": {
      return `${sync}: ${noteStyle("yellow", "withheld")} ${counted(event.deletes, "delete")}: ${escapeLine(complete(event.reason))}`;
    }
    case "warning": {
      const next = event.next === undefined ? "" : `\n  next: ${escapeLine(complete(event.next))}`;
      return `${sync}: ${noteStyle("yellow", "warning")} ${escapeLine(complete(event.message))}${next}`;
    }
  }
}

function enoughText(event: Notice, suggest: Suggest): string {
  switch (event.type) {
    case "invalid":
    case "rejected":
      return `more records are ${event.type}; from here on they are only counted (\`${suggest("rejects list", [event.sync])}\`)`;
    case "held":
      return event.state === "unknown"
        ? "more outcomes are unknown; from here on they are only counted"
        : "more records are put off; from here on they are only counted";
    case "drift":
      return `more records are ${event.drift.kind}; from here on they are only counted`;
    case "withheld":
      return "more deletes are withheld";
    case "warning":
      return `more warnings like this (${escapeLine(event.code)}); they are not repeated`;
  }
}
