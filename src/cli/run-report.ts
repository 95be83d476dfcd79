import type { RunEvent } from "../core/events.ts";
import type { Run, SyncResult } from "../evenkeel.ts";
import { counted } from "./amounts.ts";
import type { Context } from "./context.ts";
import { escapeLine } from "./escape.ts";
import { failureRecord } from "./failure.ts";
import { createNotices } from "./notices.ts";
import { createProgress } from "./progress.ts";
import { NO_FACTS, summaryText, type Again, type RunFacts } from "./summary.ts";

interface ReportOptions {
  readonly again?: Again | undefined;
  /** The run is about some records only, and was told which. */
  readonly isOfSome?: boolean;
  /** Aborted when the run was told to stop. */
  readonly signal: AbortSignal;
  /** Say at the end where the time went. */
  readonly stats?: boolean;
}

/** Shows a run to its end and gives its exit code: events as they come, then what they came to. */
export async function reportRun(
  run: Run,
  { again, isOfSome = false, signal, stats = false }: ReportOptions,
  context: Context,
): Promise<number> {
  const { terminal, printer, host, suggest } = context;
  const progress = createProgress(printer, host.clock);
  const notices = createNotices(printer, suggest);
  const facts = new Map<string, RunFacts>();
  const shown = new Set<string>();
  const factsOf = (sync: string): RunFacts => facts.get(sync) ?? NO_FACTS;

  const summarise = async (result: SyncResult): Promise<void> => {
    shown.add(result.sync);
    if (printer.isQuiet && result.status === "level") return;
    const layout = { printer, suggest, again, isOfSome, cwd: host.cwd, nowMs: host.clock.wallMs() };
    // Blocks are set apart by an empty line; the first follows the command itself.
    if (shown.size > 1) printer.result("");
    else if (!printer.isQuiet) printer.note("");
    printer.result(await summaryText(result, factsOf(result.sync), layout));
  };

  const stopping = (): void => {
    // Where the output is lost, the end of the command says so.
    if (terminal.stdout.lost === undefined) printer.say(STOPPING);
  };
  signal.addEventListener("abort", stopping, { once: true });
  try {
    for await (const event of run) {
      printer.record(event);
      progress.see(event);
      facts.set(event.sync, learn(factsOf(event.sync), event));
      // What is left open because the run stops is counted, and goes on with the next run.
      if (!(signal.aborted && event.type === "held")) await tell(event, notices, context);
      // A failure waits for the result, which knows the place in the config, and is then the last thing to be read.
      if (event.type === "run-ended" && event.error === undefined) await summarise({ ...event, error: undefined });
      if (printer.isJson) await printer.drained();
    }
  } finally {
    signal.removeEventListener("abort", stopping);
    progress.end();
  }
  const result = await run.result;
  for (const each of result.syncs) if (!shown.has(each.sync)) await summarise(each);
  for (const { sync, error } of result.syncs) if (error !== undefined) printer.record(failureRecord(error, sync));
  if (result.syncs.length > 1 && !(printer.isQuiet && result.exitCode === 0))
    printer.result(`\n${totalText(result.syncs, isOfSome)}`);
  if (stats) {
    const { statsText } = await import("./stats-report.ts");
    printer.result(`\n${statsText(result.stats, printer)}`);
    printer.record({ type: "stats", ...result.stats });
  }
  return result.exitCode;
}

const STOPPING = "stopping: what is in flight is finished and saved (Ctrl-C again ends at once, and loses nothing)";

function learn(facts: RunFacts, event: RunEvent): RunFacts {
  if (event.type === "run-started")
    return { ...facts, begun: true, guarantee: event.guarantee, keepsCursor: event.partial && event.hasCursor };
  if (event.type === "checkpoint") return { ...facts, cursor: event.cursor ?? facts.cursor };
  if (event.type === "withheld") return { ...facts, withheld: event.deletes };
  if (event.type === "run-ended") return { ...facts, parkedUntilMs: event.parkedUntilMs };
  if (event.type !== "held") return facts;
  if (event.state === "unknown" && event.needsPerson)
    return { ...facts, unknownKey: event.key, undecidable: facts.undecidable + 1, undecidableKey: event.key };
  return event.state === "unknown" ? { ...facts, unknownKey: event.key } : facts;
}

/** What is said on stderr while the run goes on. */
async function tell(event: RunEvent, notices: ReturnType<typeof createNotices>, { printer }: Context): Promise<void> {
  const { noteStyle, isVerbose, isQuiet, complete } = printer;
  switch (event.type) {
    case "run-started": {
      const reason = escapeLine(complete(event.reason));
      const what = event.partial ? reason : `${modeOf(event)} ${noteStyle("dim", `(${reason})`)}`;
      if (!isQuiet) printer.say(`${noteStyle("bold", event.sync)}: ${what}`);
      return;
    }
    case "recovered":
      if (!isQuiet)
        printer.say(
          `${event.sync}: ${counted(event.leftovers + event.held, "write")} of an earlier run ${event.leftovers + event.held === 1 ? "was" : "were"} unresolved, and went first`,
        );
      return;
    case "invalid":
    case "rejected":
    case "held":
    case "warning":
    case "withheld":
      return notices(event);
    case "drift":
      return notices(event);
    case "deleting":
      for (const key of event.keys)
        printer.say(`${event.sync}: ${noteStyle("red", "deletes")} record ${escapeLine(key)}`);
      return;
    case "retry":
      if (isVerbose)
        printer.say(
          `${event.sync}: ${noteStyle("dim", "retry")} ${escapeLine(event.what)}, attempt ${event.attempt} in ${Math.round(event.delayMs)} ms: ${escapeLine(event.reason)}`,
        );
      return;
    case "page":
      if (isVerbose)
        printer.say(
          `${event.sync}: ${noteStyle("dim", "page")} ${event.page}: ${counted(event.records, "record")}, ${counted(event.bytes, "byte")}`,
        );
      return;
    case "checkpoint":
      if (isVerbose)
        printer.say(
          `${event.sync}: ${noteStyle("dim", "checkpoint")}${event.complete ? " of a complete read" : ""}${event.cursor === undefined ? "" : `: ${escapeLine(event.cursor)}`}`,
        );
      return;
    case "trace":
      if (!printer.isJson) (await import("./trace.ts")).showTrace(event, printer);
      return;
    case "waiting":
    case "progress":
    case "run-ended":
      return;
  }
}

function modeOf({ mode, resumed }: Extract<RunEvent, { readonly type: "run-started" }>): string {
  if (resumed) return `goes on with the ${mode === "full" ? "full refresh" : "incremental read"}`;
  return mode === "full" ? "full refresh" : "incremental";
}

const STATUSES = ["level", "incomplete", "interrupted", "failed"] as const;

function totalText(syncs: readonly SyncResult[], isOfSome: boolean): string {
  const parts = STATUSES.map(
    (status) => [syncs.filter((sync) => sync.status === status).length, status] as const,
  ).filter(([number]) => number > 0);
  return `${counted(syncs.length, "sync")}: ${parts.map(([number, status]) => `${number} ${isOfSome && status === "level" ? "done" : status}`).join(", ")}`;
}
