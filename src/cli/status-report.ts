import type { Checkpoint } from "../core/checkpoint.ts";
import type { Holder } from "../core/lease.ts";
import type { RunRow } from "../core/ledger.ts";
import type { LedgerCounts } from "../core/ledger-counts.ts";
import type { SyncStatus } from "../evenkeel.ts";
import { ago, count, counted, moment } from "./amounts.ts";
import type { Context } from "./context.ts";
import { escapeLine } from "./escape.ts";
import { table } from "./table.ts";
import { padEnd, wrapped } from "./width.ts";

const unresolvedOf = ({ unresolved }: LedgerCounts): number =>
  unresolved.sent + unresolved.unknown + unresolved.parked + unresolved.waiting;
const rejectsOf = ({ invalid, rejected }: LedgerCounts): number => invalid + rejected;

/** How a run ended, or that it goes on; one that has left no end was cut off by the death of its process. */
const runStatus = ({ status }: RunRow, runBy: Holder | undefined): string =>
  status !== "running" ? status : runBy === undefined ? "cut off" : "running";

/** Nothing but runs of some records came to their end so far: of the rest nothing is known. */
const isOfSome = ({ status }: RunRow, checkpoint: Checkpoint | undefined): boolean =>
  status === "level" && checkpoint !== undefined && checkpoint.completeMs === undefined;

/** A row for each sync, and below what needs somebody. */
export function statusText(statuses: readonly SyncStatus[], { printer, host, suggest }: Context): string {
  const nowMs = host.clock.wallMs();
  const rows = statuses.map(({ sync, checkpoint, counts, lastRun, runBy }) => [
    sync,
    lastRun === undefined ? "never run" : isOfSome(lastRun, checkpoint) ? "done in part" : runStatus(lastRun, runBy),
    lastRun?.endedMs === undefined ? "" : ago(lastRun.endedMs, nowMs),
    count(counts.entries),
    count(rejectsOf(counts)),
    count(unresolvedOf(counts)),
    escapeLine(checkpoint?.cursor ?? ""),
  ]);
  const columns = [
    { title: "SYNC" },
    { title: "LAST RUN" },
    { title: "ENDED" },
    { title: "RECORDS", right: true },
    { title: "REJECTS", right: true },
    { title: "OPEN", right: true },
    { title: "CURSOR" },
  ];
  const [head = "", ...lines] = table(columns, rows, printer.tableColumns);
  const advice = statuses
    .flatMap((status) => adviceFor(status, nowMs, { printer, suggest }))
    .flatMap((each) => wrapped(each, printer.columns));
  return [printer.style("dim", head), ...lines, ...(advice.length === 0 ? [] : ["", ...advice])].join("\n");
}

function adviceFor(
  { sync, counts, lastRun, runBy, parkedUntilMs, unknownKeys: [unknownKey], undecidable, undecidableKeys }: SyncStatus,
  nowMs: number,
  { printer: { complete }, suggest }: Pick<Context, "printer" | "suggest">,
): readonly string[] {
  const advice: string[] = [];
  const { unresolved } = counts;
  if (lastRun === undefined) advice.push(`${sync}: has never been run: \`${suggest("plan", [sync])}\``);
  if (runBy !== undefined)
    advice.push(
      `${sync}: running since ${moment(runBy.startedMs)} (process ${runBy.pid})${unresolved.sent === 0 ? "" : `; ${counted(unresolved.sent, "write")} under way`}`,
    );
  else if (lastRun?.status === "running")
    advice.push(
      `${sync}: its last run began ${ago(lastRun.startedMs, nowMs)}, and its process died; running it again goes on: \`${suggest("run", [sync])}\``,
    );
  if (lastRun?.status === "failed" || lastRun?.status === "interrupted")
    advice.push(`${sync}: ${lastRun.message === undefined ? lastRun.status : escapeLine(complete(lastRun.message))}`);
  if (rejectsOf(counts) > 0)
    advice.push(`${sync}: ${counted(rejectsOf(counts), "reject")}: \`${suggest("rejects list", [sync])}\``);
  const lookedInto = unresolved.unknown + unresolved.sent - undecidable;
  if (lookedInto > 0 && runBy === undefined)
    advice.push(
      `${sync}: ${counted(lookedInto, "write")} of unknown outcome, which the next run looks into: \`${suggest("run", [sync])}\``,
    );
  const [undecidableKey] = undecidableKeys;
  if (undecidableKey !== undefined)
    advice.push(
      `${sync}: ${counted(undecidable, "write")} of unknown outcome that only you can decide: look into the destination, then \`${suggest("state unblock", [sync, undecidableKey], ["--applied"])}\` if it is as it should be, or \`--resend\` if it is not`,
    );
  if (counts.withheld > 0)
    advice.push(
      `${sync}: ${counted(counts.withheld, "record has", "records have")} gone from the source, and ${counts.withheld === 1 ? "is" : "are"} not deleted yet: \`${suggest("plan", [sync])}\``,
    );
  if (unknownKey !== undefined)
    advice.push(
      `${sync}: what is known of one of them, and what can be done: \`${suggest("explain", [sync, unknownKey])}\``,
    );
  if (parkedUntilMs !== undefined)
    advice.push(
      `${sync}: ${counted(unresolved.parked, "write")} put off${parkedUntilMs > nowMs ? ` until ${moment(parkedUntilMs)}` : ""}: \`${suggest("run", [sync])}\``,
    );
  return advice;
}

/** All that the ledger knows of a sync as a whole. */
export function stateText(
  { sync, checkpoint, counts, lastRun, runBy, parkedUntilMs, unknownKeys }: SyncStatus,
  { printer }: Pick<Context, "printer">,
): string {
  const { unresolved } = counts;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["cursor", checkpoint?.cursor],
    ["reading", checkpoint === undefined ? "nothing has been read yet" : readingText(checkpoint)],
    ["last complete read", checkpoint?.completeMs === undefined ? undefined : moment(checkpoint.completeMs)],
    ["last full refresh", checkpoint?.fullMs === undefined ? undefined : moment(checkpoint.fullMs)],
    [
      "page size",
      checkpoint?.pageSize === undefined ? undefined : `${count(checkpoint.pageSize)}, as the source was found to need`,
    ],
    ["records", count(counts.entries)],
    ["rejects", `${count(counts.rejected)} rejected, ${count(counts.invalid)} invalid`],
    [
      "unresolved",
      Object.entries(unresolved)
        .filter(([, number]) => number > 0)
        .map(([state, number]) => `${count(number)} ${state}`)
        .join(", ") || "nothing",
    ],
    ["to be deleted", counts.withheld === 0 ? undefined : count(counts.withheld)],
    ["unknown", unknownKeys.length === 0 ? undefined : unknownText(unknownKeys, unresolved.unknown)],
    ["put off until", parkedUntilMs === undefined || parkedUntilMs === 0 ? undefined : moment(parkedUntilMs)],
    [
      "last run",
      lastRun === undefined
        ? "none"
        : `${lastRun.id}: ${runStatus(lastRun, runBy)}, began ${moment(lastRun.startedMs)}`,
    ],
  ];
  return [
    printer.style("bold", sync),
    ...rows
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `  ${padEnd(name, 20)}${escapeLine(value as string)}`),
  ].join("\n");
}

const unknownText = (keys: readonly string[], all: number): string =>
  keys.join(", ") + (all > keys.length ? `, and ${count(all - keys.length)} more` : "");

function readingText({ kind, complete, since, position }: Checkpoint): string {
  const what = kind === "full" ? "full refresh" : `changes since ${since}`;
  if (complete) return `${what}, complete`;
  return `${what}, ${position === undefined ? "at its beginning" : "under way"}: the next run goes on with it`;
}
