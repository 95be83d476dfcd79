/**
 * The fault model: what may go wrong, how, and what an API is still assumed to honour. Whatever is promised is promised under these
 * assumptions, see docs/guarantees.md.
 *
 * What may fail, for any request, at any time:
 *
 * - `refused`: no connection is made. Nothing was sent.
 * - `lostRequest`: the connection breaks before the request arrives.
 * - `lostAnswer`: the request is applied, and the connection breaks before the answer is there.
 * - `hang`: the request is applied, and no answer ever comes.
 * - `late`: the request is held up on its way and arrives after the client has given it up, even after later requests. Not later than the
 *   connection's `lateWrite` after that.
 * - `twice`: the request is delivered twice, as a proxy does that repeats it, before the answer is there.
 * - `failedBefore`, `failedAfter`: 500, without or with the effect.
 * - `denied`: 400 without effect, for no good reason; the next attempt may be welcome (writes without a key: an API that honours keys answers a
 *   key that it knows as it did the first time).
 * - `unavailable`: 503 with Retry-After, without effect.
 * - `throttled`: 429, with Retry-After or without, without effect.
 * - `cutAnswer`: the answer breaks off in its body; a write was applied.
 * - `html`: 200 with a page of HTML in the place of JSON (reads).
 * - `badPosition`: the page position has expired: 410 (reads).
 * - `foreignNext`: the address of the next page is at another host (reads).
 * - `samePosition`: a page names its own position as the next one (reads).
 *
 * The answer to a batch may leave out what became of some of its records, or say 503 of one, with or without the effect, or 429.
 *
 * An API may be down for minutes: no connection, or 503 to everything. It may limit requests, and announce how many are left.
 *
 * A mirror's source that is always read whole may list nothing, or every second record, for a while (it still answers for one record truly).
 * Somebody else may change, delete and add records in the destination; a repair is asked for after that.
 *
 * The disk may be full. The process may be told to stop, and it may die before, within and after each durable step and at any other moment, and the machine may lose its power, which loses
 * what was not flushed.
 *
 * What an API is assumed to honour: a PUT to an address replaces what is there, whoever sent it last; a repeated idempotency key within its
 * retention gives the first answer again and has no second effect; a search shows what was created after the declared visibility lag; where `unique` is
 * declared a second record with the same external id is refused; the destination's list shows what is there; the source shows a change no later than `lookback` after the time that the record
 * bears, and changes of one record in the order of their times; a list by cursor, keyset or link is complete for what does not change meanwhile. Numbered pages of a list that changes are not (P9), so the
 * source does not change while those are read incrementally, unless they overlap: then it may.
 */
export const READ_FAULTS = [
  "refused",
  "lostRequest",
  "lostAnswer",
  "hang",
  "failedBefore",
  "unavailable",
  "throttled",
  "cutAnswer",
  "html",
  "badPosition",
  "foreignNext",
  "samePosition",
] as const;

export const WRITE_FAULTS = [
  "refused",
  "lostRequest",
  "lostAnswer",
  "hang",
  "late",
  "twice",
  "failedBefore",
  "failedAfter",
  "denied",
  "unavailable",
  "throttled",
  "cutAnswer",
] as const;

export type Fault = (typeof READ_FAULTS)[number] | (typeof WRITE_FAULTS)[number];

/** What happens to a request, as a story tells it. */
export const TOLD: Readonly<Record<Fault, string>> = {
  refused: "finds no connection",
  lostRequest: "is lost on its way",
  lostAnswer: "arrives, and its answer is lost",
  hang: "arrives, and is never answered",
  late: "is held up on its way",
  twice: "arrives twice",
  failedBefore: "is answered 500, without effect",
  failedAfter: "is answered 500, and has taken effect",
  denied: "is answered 400 for no good reason",
  unavailable: "is answered 503 with Retry-After",
  throttled: "is answered 429",
  cutAnswer: "arrives, and its answer breaks off",
  html: "is answered with a page of HTML",
  badPosition: "is answered 410: its position has expired",
  foreignNext: "is answered with a next page at another host",
  samePosition: "is answered with its own position as the next one",
};

/** An API is down for a while; ms from the start of the world. */
export interface Outage {
  readonly side: "source" | "destination";
  readonly kind: "refused" | "unavailable";
  readonly fromMs: number;
  readonly toMs: number;
}

/** The durable steps of a run, the ledger's methods that write, as a story tells them. */
export const STEPS = {
  beginRun: "noting that a run begins",
  saveCheckpoint: "storing how far it has read",
  journal: "storing what it is about to send",
  promote: "storing that a newer version is next",
  takeUp: "storing that it takes up what an earlier run left",
  dropWaiting: "storing that a newer version is not needed",
  settle: "storing what came of its writes",
  abandonLeftovers: "storing what is no longer needed",
  miss: "storing which records it has missed",
  endRun: "noting that the run is at its end",
  saveLane: "storing what it learned of the API's pace",
} as const;

export type Step = keyof typeof STEPS;

/** When, at a durable step, the process dies. `unflushed`: it is committed and not on the disk yet. */
export const MOMENTS = ["before", "within", "unflushed", "after"] as const;

export type Moment = (typeof MOMENTS)[number];

/** Where a process dies: `before settle`, for a tally, and as a story tells it. */
export interface Death {
  readonly where: string;
  readonly told: string;
}

export const deathAt = (moment: Moment, step: Step): Death => ({
  where: `${moment} ${step}`,
  told: {
    before: `before ${STEPS[step]}`,
    within: `while ${STEPS[step]}`,
    unflushed: `right after ${STEPS[step]}, and before the disk has it`,
    after: `after ${STEPS[step]}`,
  }[moment],
});

export const DEATH_AT_SOME_TIME: Death = { where: "at some time", told: "all of a sudden" };

/** How a process ends before its time. `power`: what was not flushed is lost with it. */
export interface Crash {
  /** The so-manieth durable step of its process, or the so-manieth of this kind, or that many ms after its start. */
  readonly at:
    | { readonly kind: "step"; readonly number: number; readonly moment: Moment }
    | { readonly kind: "method"; readonly step: Step; readonly number: number; readonly moment: Moment }
    | { readonly kind: "time"; readonly afterMs: number };
  readonly power: boolean;
  /** How long until it is started again, ms. */
  readonly downMs: number;
}
