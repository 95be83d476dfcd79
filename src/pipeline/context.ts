import type { EvenkeelError } from "../core/errors.ts";
import type { Counts, RunEvent } from "../core/events.ts";
import type { Outage } from "../core/outage.ts";
import type { Evidence } from "../core/outcome.ts";
import type { Sync } from "../core/sync.ts";
import type { Batches } from "./batches.ts";
import type { IdClaims } from "./id-claims.ts";
import type { Ports } from "./ports.ts";

type WithoutStamp<Event> = Event extends RunEvent ? Omit<Event, "sync" | "atMs"> : never;

/** What all stages of one run of one sync share. */
export interface RunContext {
  readonly sync: Sync;
  readonly ports: Ports;
  /** The run's number in the ledger. */
  readonly run: number;
  readonly counts: Counts;
  /** The read under way. */
  readonly read: { readonly number: number; readonly kind: "full" | "incremental" };
  /** Writes that go together; undefined for whoever writes nothing. */
  readonly batches?: Batches;
  /** Keys of records that a repair found missing: written again, they are created, whatever request that takes. */
  readonly recreated?: Set<string>;
  /** Of the destination; undefined for whoever writes nothing. */
  readonly outage?: Outage;
  /** Undefined for whoever writes nothing. */
  readonly ids?: IdClaims;
  /** Aborted: no new page, no new request; what is under way finishes. */
  readonly stop: AbortSignal;
  /** Aborted: nothing is awaited any more. */
  readonly kill: AbortSignal;
  /** A run over a part of the records: the checkpoint stays, so every operation keeps its bytes. */
  readonly partial: boolean;
  /** Ends the run for this error; the first one counts. */
  fail(error: EvenkeelError): void;
  /** The run is not level, for a reason that no count shows: a clause. */
  notLevel(why: string): void;
  /** Emits an event with this sync's name and the time. */
  say(event: WithoutStamp<RunEvent>): void;
  /** Counts a request that came to the network, and shows it when the user asked for a trace. */
  sent(connection: string, evidence: Evidence): void;
}
