import type { Timer } from "../core/clock.ts";
import type { Checkpoint } from "../core/checkpoint.ts";
import type { EvenkeelError } from "../core/errors.ts";
import { noCounts, type Counts } from "../core/events.ts";
import { plainEvidence } from "../core/outcome.ts";
import type { Sync } from "../core/sync.ts";
import type { RunContext } from "./context.ts";
import type { Ports } from "./ports.ts";
import type { Opening } from "./opening.ts";
import { whyNothing } from "./read.ts";

/** How often a run says how far it is. */
const PROGRESS_EVERY_MS = 200;

interface Settings {
  readonly run: number;
  readonly read: Checkpoint;
  readonly resumed: boolean;
  readonly partial: boolean;
  /** It mends what is astray, so all of it must be in order in the end. */
  readonly repair?: unknown;
  /** It tries refused records again, deletes among them: what still waits to be deleted in the end was withheld from it. */
  readonly rejects?: unknown;
  /** It tries all of them, so none must stand in the end. */
  readonly allRejects?: unknown;
  readonly trace: boolean;
  readonly stop: AbortSignal;
  readonly kill: AbortSignal;
}

export interface RunEnding {
  readonly status: "level" | "incomplete" | "failed" | "interrupted";
  readonly counts: Readonly<Counts>;
  readonly why: string | undefined;
  readonly error: EvenkeelError | undefined;
}

interface Watched {
  readonly underWay: number;
  conclude(): void;
}

/** The context of a run, and the two things that only its owner does: watch it and end it. */
export interface RunControl {
  readonly context: RunContext;
  /** Reports progress from now on, and has the flow's last word in the end. */
  watch(flow: Watched): void;
  /** Closes the run in the ledger, says how it ended, and returns it. */
  end(opening: Opening): Promise<RunEnding>;
  /** Ends the run for this error, unless it is only the echo of a stop. */
  fail(error: EvenkeelError): void;
}

export function createControl(sync: Sync, ports: Ports, settings: Settings): RunControl {
  const counts = noCounts();
  const failure: { error: EvenkeelError | undefined } = { error: undefined };
  const shortfalls: string[] = [];
  // Asked for each record, so it is a plain signal: a composite one looks at all of its sources each time.
  const stop = new AbortController();
  const ended = new AbortController();
  for (const signal of [settings.stop, settings.kill]) {
    if (signal.aborted) stop.abort(signal.reason);
    else signal.addEventListener("abort", () => stop.abort(signal.reason), { signal: ended.signal });
  }
  const { clock, ledger } = ports;
  const startedMs = clock.monotonicMs();
  let progress: Timer | undefined;
  let watched: Watched | undefined;

  const { read, resumed, partial } = settings;
  const repairs = settings.repair !== undefined;
  const triesAll = settings.allRejects !== undefined;
  // What an API announces, and what was read last time, is a read's from its beginning to its end.
  const isWhole = !resumed && !partial;
  const size: { total: number | undefined } = { total: undefined };
  const expected = isWhole && read.kind === "full" ? read.fullRecords : undefined;
  const say: RunContext["say"] = (event) => {
    if (event.type === "page" && event.isLast) size.total = counts.read;
    else if (event.type === "page" && isWhole) size.total = event.total ?? size.total;
    ports.emit({ ...event, sync: sync.name, atMs: clock.wallMs() } as never);
  };
  const context: RunContext = {
    sync,
    ports,
    run: settings.run,
    counts,
    read: { number: read.read, kind: read.kind },
    stop: stop.signal,
    kill: settings.kill,
    partial,
    fail(error) {
      failure.error ??= error;
      stop.abort(error);
    },
    notLevel: (why) => void shortfalls.push(why),
    say,
    sent(connection, evidence) {
      if (evidence.isUntried === true) return;
      counts.requests += 1;
      if (settings.trace) say({ type: "trace", connection, evidence: plainEvidence(evidence) });
    },
  };

  const watch: RunControl["watch"] = (flow) => {
    watched = flow;
    const report = (): void => {
      say({
        type: "progress",
        counts: { ...counts },
        total: size.total,
        expected: size.total === undefined ? expected : undefined,
        inFlight: flow.underWay,
        waitingFor: ports.waitingFor(),
      });
      progress = clock.after(PROGRESS_EVERY_MS, report);
    };
    progress = clock.after(PROGRESS_EVERY_MS, report);
  };

  const end: RunControl["end"] = async ({ start }) => {
    progress?.cancel();
    ended.abort();
    watched?.conclude();
    const { error } = failure;
    const stored = await storedCounts(ledger);
    counts.unknown = stored.unknown;
    counts.parked = stored.parked;
    const isWithheld = counts.withheld > 0 || (settings.rejects !== undefined && stored.withheld > 0);
    counts.withheld += stored.withheld;
    counts.refused = stored.rejects;
    counts.ambiguous = stored.ambiguous;
    const isOpen = stored.rejects + stored.unknown + stored.parked + counts.withheld > 0;
    // What a part of the records comes to does not depend on what else was refused; a write in doubt may be one of them.
    const refused = counts.rejected + counts.invalid + counts.stillRejected;
    const isPartOff = isWithheld || refused + stored.unknown + stored.parked > 0;
    const isAsked = partial ? isPartOff || (repairs && isOpen) || (triesAll && stored.rejects > 0) : isOpen;
    const isOff = isAsked || shortfalls.length > 0;
    const interrupted = error === undefined && settings.stop.aborted;
    const status = error !== undefined ? "failed" : interrupted ? "interrupted" : isOff ? "incomplete" : "level";
    const reasons =
      error === undefined
        ? [whyNothing(start, counts, sync), status === "incomplete" ? whyStill(stored, counts) : undefined]
        : [];
    const why = [...reasons, ...shortfalls].filter((reason) => reason !== undefined).join("; ") || undefined;
    const ending: RunEnding = { status, counts: { ...counts }, why, error };
    const endedMs = clock.wallMs();
    await ledger
      .endRun(settings.run, { status, counts: { ...counts }, message: error?.message ?? why, endedMs })
      .catch(() => {
        // A ledger that cannot be written any more has failed the run already; its row stays `running`, which says that it died.
      });
    const shown = error && { code: error.code, message: error.message, next: error.next, evidence: error.evidence };
    say({
      type: "run-ended",
      run: settings.run,
      status,
      counts: ending.counts,
      durationMs: clock.monotonicMs() - startedMs,
      why,
      parkedUntilMs: stored.parked === 0 ? undefined : await parkedUntilMs(ledger),
      error: shown,
    });
    return ending;
  };

  const fail: RunControl["fail"] = (error) => {
    if (error.code !== "RUN_INTERRUPTED") context.fail(error);
  };

  return { context, watch, end, fail };
}

/** So many are looked at; what is parked is mostly parked for one reason, until one moment. */
const PARKED_MAX = 200;

async function parkedUntilMs(ledger: Ports["ledger"]): Promise<number | undefined> {
  const unresolved = await ledger.unresolved(0, PARKED_MAX).catch(() => []);
  const times = unresolved.flatMap(({ state, progress }) => (state === "parked" ? (progress.notBeforeMs ?? []) : []));
  return times.length === 0 ? undefined : Math.min(...times);
}

type Stored = Readonly<Record<"unknown" | "parked" | "withheld" | "rejects" | "ambiguous", number>>;

async function storedCounts(ledger: Ports["ledger"]): Promise<Stored> {
  const stored = await ledger.openCounts().catch(() => undefined);
  if (stored === undefined) return { unknown: 0, parked: 0, withheld: 0, rejects: 0, ambiguous: 0 };
  const { unresolved } = stored;
  // A version that waits behind another one is not in the destination either.
  return {
    unknown: unresolved.unknown + unresolved.sent,
    parked: unresolved.parked + unresolved.waiting,
    withheld: stored.withheld,
    rejects: stored.invalid + stored.rejected,
    ambiguous: stored.ambiguous,
  };
}

/** Why it is not level though nothing that this run met says so, in words. */
function whyStill({ rejects, ambiguous }: Stored, counts: Readonly<Counts>): string | undefined {
  const records = (number: number): string => (number === 1 ? "1 record" : `${number} records`);
  if (ambiguous > 0)
    return `${records(ambiguous)} may be in the destination already, and none is created before that is known`;
  if (rejects === 0 || counts.rejected + counts.invalid + counts.stillRejected > 0) return undefined;
  return `${records(rejects)} that an earlier run refused ${rejects === 1 ? "stands" : "stand"} as refused, and this run has not met ${rejects === 1 ? "it" : "them"}`;
}
