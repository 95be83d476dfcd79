import { EvenkeelError } from "../core/errors.ts";
import type { StoredOperation, WaitingEnd } from "../core/ledger.ts";
import type { DesiredRecord } from "../core/record.ts";
import { Streak } from "../core/streak.ts";
import type { RunContext } from "./context.ts";
import { deliver, type Delivery, type Ending } from "./deliver.ts";
import type { Journal } from "./journal.ts";
import { Nameless } from "./nameless.ts";
import type { PageNumber, Settler } from "./settle.ts";
import { Settling, type Committed, type Telling } from "./settling.ts";
import type { Stage } from "./stage.ts";
import { Versionless } from "./versionless.ts";

/** Operations that may be under way at once: enough for the fastest lane, little enough for any memory. */
const UNDER_WAY_MAX = 1_000;
/** Where many of them go in one request. */
const IN_BATCHES_MAX = 2_000;

/**
 * The operations that are on their way. Bounded by its caller through `room`; the lane decides how many are on the wire.
 * One operation a key at a time: a newer version waits in the ledger and is promoted when the one before it is settled.
 */
export class Flow {
  readonly #context: RunContext;
  readonly #journal: Journal;
  readonly #settler: Settler;
  readonly #stage: Stage;
  readonly #streak = new Streak();
  readonly #nameless: Nameless;
  readonly #versionless: Versionless;
  readonly #numbers = new Set<number>();
  /** One operation a key is under way at a time (U2). */
  readonly #keys = new Set<string>();
  readonly #waitingKeys = new Set<string>();
  #underWay = 0;
  #watchers: { readonly limit: number; readonly wake: () => void }[] = [];

  constructor(context: RunContext, journal: Journal, settler: Settler, stage: Stage) {
    this.#context = context;
    this.#journal = journal;
    this.#settler = settler;
    this.#stage = stage;
    this.#nameless = new Nameless(context);
    this.#versionless = new Versionless(context);
  }

  /** True for an operation that is being delivered just now: nothing may take its place. */
  readonly isInFlight = (number: number): boolean => this.#numbers.has(number);

  get underWay(): number {
    return this.#underWay;
  }

  /** A version of this key waits in the ledger. It goes when what is under way is settled, or now if that has just happened. */
  expect(key: string): void {
    // It has taken the place of one that has waited since this run began.
    if (this.#waitingKeys.has(key)) this.#context.counts.superseded += 1;
    this.#waitingKeys.add(key);
    if (!this.#keys.has(key)) void this.#promote(key);
  }

  /** Starts a delivery; its end is settled by itself. */
  start(delivery: Delivery, page: PageNumber): void {
    this.#underWay += 1;
    const { number, record } = delivery.operation;
    this.#numbers.add(number);
    this.#keys.add(record.key);
    deliver(delivery, this.#context, this.#journal).then(
      (ending) => this.#settle(delivery, ending, page),
      (error: unknown) => {
        // What broke is ours or the ledger's. The row stays `sent`, so the next run finds out what became of it.
        this.#context.fail(EvenkeelError.from(error));
        this.#leave(number, record.key);
      },
    );
  }

  /** Resolves when more may be started. */
  room(): Promise<void> {
    const { destination } = this.#context.sync;
    const inBatches = destination.many("create") !== undefined || destination.many("update") !== undefined;
    return this.#below(inBatches ? IN_BATCHES_MAX : UNDER_WAY_MAX);
  }

  /** Resolves when fewer than `limit` operations are under way. */
  async #below(limit: number): Promise<void> {
    if (this.#underWay < limit) return;
    await new Promise<void>((wake) => this.#watchers.push({ limit, wake }));
  }

  /** Resolves when everything that was started is settled durably. */
  async idle(): Promise<void> {
    while (this.#underWay > 0) await this.#below(1);
    await this.#settler.flush();
    // A promotion can start more while the last group is committed.
    if (this.#underWay > 0) await this.idle();
  }

  /** Says what no single ending says, when all are told. */
  conclude(): void {
    this.#nameless.tell();
    this.#versionless.tell();
  }

  #settle(delivery: Delivery, ending: Ending, page: PageNumber): void {
    this.#nameless.note(ending);
    this.#versionless.note(ending);
    this.#settler.add(new Settling(delivery, ending, page, this.#context, this.#committed));
    // Nothing else is on its way, so nothing could join the group.
    if (this.#settler.pending === this.#underWay) void this.#settler.flush();
  }

  readonly #committed: Committed = (number, told, durable) => {
    if (durable) this.#tell(told);
    this.#leave(number, told.key);
    if (durable && this.#waitingKeys.has(told.key) && told.kind !== "held") void this.#promote(told.key);
  };

  #leave(number: number, key: string): void {
    this.#numbers.delete(number);
    this.#keys.delete(key);
    this.#oneLess();
  }

  #oneLess(): void {
    this.#underWay -= 1;
    if (!this.#watchers.some(({ limit }) => this.#underWay < limit)) return;
    const ready = this.#watchers.filter(({ limit }) => this.#underWay < limit);
    this.#watchers = this.#watchers.filter(({ limit }) => this.#underWay >= limit);
    for (const { wake } of ready) wake();
  }

  #tell(told: Telling): void {
    const { counts, say } = this.#context;
    const { key } = told;
    switch (told.kind) {
      case "created":
      case "updated":
      case "deleted":
      case "unchanged":
        counts[told.kind] += 1;
        this.#note("applied", "");
        break;
      case "rejected":
        counts.rejected += 1;
        say({ type: "rejected", key, reason: told.reason, status: told.status });
        this.#note("rejected", told.reason);
        break;
      case "held": {
        const { state, needsPerson, untilMs, reason } = told;
        say({ type: "held", key, state, needsPerson, untilMs, reason });
        this.#note("held", reason);
        break;
      }
      case "skipped":
        counts.skipped += 1;
        break;
      case "released":
        counts.unsent += 1;
        break;
    }
  }

  #note(kind: "applied" | "rejected" | "held", message: string): void {
    const { connection } = this.#context.sync.destination;
    switch (this.#streak.note(kind)) {
      case "rejected":
        this.#context.fail(
          new EvenkeelError("RUN_REFUSALS", `${connection} refused every one of the last records: ${message}`, {
            next: "Look at one with `evenkeel rejects list`, mend the mapping or the request, and run again.",
          }),
        );
        break;
      case "held":
        this.#context.fail(
          new EvenkeelError("API_FAILED", `none of the last writes to ${connection} came through: ${message}`, {
            next: "Run again when the API is well; what is in doubt is kept and resolved first.",
          }),
        );
        break;
      case undefined:
        break;
    }
  }

  /** U2: what waited is planned anew against what is there now, and takes its turn. */
  async #promote(key: string): Promise<void> {
    if (this.#context.stop.aborted) return;
    this.#underWay += 1;
    // Meanwhile another page can put a newer version in its place, and must not promote that one beside it.
    this.#keys.add(key);
    this.#waitingKeys.delete(key);
    try {
      const { waiting } = await this.#context.ports.ledger.operation(key);
      const became = waiting === undefined ? undefined : await this.promote(waiting);
      if (became !== "sent") this.#keys.delete(key);
      if (became === "sent" || became === "stays") return;
      // This run has met it, and nothing is to be sent of it.
      if (became?.kind === "level") this.#context.counts.unchanged += 1;
      if (became?.kind === "moot") this.#context.counts.superseded += 1;
      if (this.#waitingKeys.has(key)) void this.#promote(key);
    } catch (error) {
      this.#context.fail(EvenkeelError.from(error));
    } finally {
      this.#oneLess();
    }
  }

  /** Plans a stored version anew and starts it, or drops it when nothing is left to do. */
  async promote(waiting: StoredOperation): Promise<"sent" | "stays" | WaitingEnd> {
    const record = recordOf(waiting);
    const plan = await this.#stage.planWaiting(record);
    if (plan.kind === "send") {
      this.start(await this.#journal.promote(waiting.number, plan.planned), undefined);
      return "sent";
    }
    if (plan.kind === "stay") {
      this.#waitingKeys.add(record.key);
      return "stays";
    }
    const { ports, counts, say } = this.#context;
    await ports.ledger.dropWaiting(waiting.number, plan.because);
    if (plan.because.kind === "refused") {
      const { key, code, reason } = plan.because.reject;
      counts.invalid += 1;
      say({ type: "invalid", key, code, reason });
    }
    return plan.because;
  }
}

/** The record that a stored operation was made from. */
export function recordOf(stored: StoredOperation): DesiredRecord {
  const { key, keyKind, hash, address, sourceVersion, stored: held } = stored;
  const addressKey = stored.addressFollowsKey ? key : undefined;
  const [body, mapped] = [held?.source ?? {}, held?.mapped ?? {}];
  return { key, keyKind, cursor: sourceVersion, body, mapped, hash, address, addressKey };
}
