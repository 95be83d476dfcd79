import { isObject, type JsonObject } from "../core/json.ts";
import { counted } from "../core/observation.ts";
import { FOREIGN, goneRecord } from "../core/record.ts";
import type { Extra, Scratch } from "../core/scratch.ts";
import type { Sync } from "../core/sync.ts";
import type { RunContext } from "./context.ts";
import type { Flow } from "./flow.ts";
import type { Journal, Removable } from "./journal.ts";
import { mayDelete, type DeleteChoice } from "./sweep.ts";

/** Records looked at together. */
const BATCH = 500;

/** P9. */
const MAY_HAVE_MOVED = "records of the source may have moved between its numbered pages, and seem extra for it";

/** What a comparison of both sides has shown besides, which what is extra is judged by. */
export interface Shown {
  /** Records that both sides have. */
  matched: number;
  /** Records that are mended. */
  mended: number;
  /** Records of the source that were compared with nothing: what is extra may be one of them. */
  unmatched: number;
  /** The source's list goes on where reading ended. */
  goesOn: boolean;
  /** Where every record that both sides have really is follows from what is listed of it, as the ledger knows. */
  isPlaced: boolean;
}

/**
 * What the destination has and the source has not. What this ledger has not written is deleted, where the sync is a mirror and the guard lets it;
 * whatever is left as it is counts against the run.
 */
export class Extras {
  readonly #context: RunContext;
  readonly #scratch: Scratch;

  constructor(context: RunContext, scratch: Scratch) {
    this.#context = context;
    this.#scratch = scratch;
  }

  /**
   * D3: after everything else, as deletes are. D2: what seems to be extra must be missing from two reads of the source.
   *
   * @param again reads the source once more, and returns how many of its records can be compared with nothing
   */
  async remove(
    shown: Shown,
    again: (found: (matches: readonly string[]) => void) => Promise<number>,
    flow: Flow,
    journal: Journal,
    choice: DeleteChoice,
  ): Promise<void> {
    const { sync, say, stop, ports } = this.#context;
    if (this.#count() === 0 || stop.aborted) return;
    let why =
      sync.deletes.mode !== "mirror"
        ? "`deletes.mode` is not `mirror`"
        : (whyUnsure(shown, sync) ?? (await this.#whyOwn()));
    if (why === undefined) {
      const unmatched = await again((matches) => this.#scratch.dropExtras(matches));
      why = whyUnsure({ ...shown, unmatched }, sync);
    }
    const number = this.#count();
    if (number === 0 || stop.aborted) return;
    why ??= await mayDelete(number, choice, this.#context);
    // What waits to be deleted is among them, and is counted as that.
    let { withheld } = await ports.ledger.openCounts();
    const leave = (left: number, because: string): void => {
      const known = Math.min(left, withheld);
      withheld -= known;
      this.leave(left, because, known);
    };
    if (why !== undefined) return leave(number, why);
    for (const extras of this.#batches()) {
      if (stop.aborted) break;
      const foreign = await this.#foreignOf(extras);
      if (foreign.length < extras.length)
        leave(
          extras.length - foreign.length,
          "what this ledger has written is left to runs, which find out whether it has gone",
        );
      const removals = (await Promise.all(foreign.map((extra) => this.#removalOf(extra)))).filter(
        (removal) => removal !== undefined,
      );
      if (removals.length < foreign.length)
        this.leave(foreign.length - removals.length, "no request that deletes such a record can be built");
      if (removals.length === 0) continue;
      say({ type: "deleting", keys: removals.map(({ record }) => record.key.slice(FOREIGN.length)) });
      for (const delivery of await journal.deletes(removals)) flow.start(delivery, undefined);
      await flow.room();
    }
    await flow.idle();
  }

  #count(): number {
    let number = 0;
    for (const extras of this.#batches()) number += extras.length;
    return number;
  }

  /** Says it, and counts it against the run. `known`: so many of them the ledger counts as withheld already. */
  leave(number: number, why: string, known = 0): void {
    const { counts, say, sync } = this.#context;
    counts.withheld += number - known;
    const [are, left] =
      number === 1
        ? ["1 record of the destination is", "left as it is"]
        : [`${number} records of the destination are`, "left as they are"];
    const message = `${are} not in the source, and ${left}: ${why}`;
    const next =
      why === MAY_HAVE_MOVED
        ? "Declare another pagination, where the API has one (by token, by link, or `offset` with `overlap`)."
        : why.includes("guard")
          ? `To let them pass once: \`evenkeel check ${sync.name} --repair --allow-deletes ${number}\`.`
          : undefined;
    say({ type: "warning", code: "EXTRA_LEFT", message, next });
  }

  /** U1: what a create that may have been applied has made is under an id that nobody knows. */
  async #whyOwn(): Promise<string | undefined> {
    const { sync, ports } = this.#context;
    if (sync.destination.traits.addressing === "own") return undefined;
    let creates = 0;
    for (let after = 0; ;) {
      const batch = await ports.ledger.unresolved(after, BATCH);
      creates += batch.filter(({ kind, destinationId }) => kind === "create" && destinationId === undefined).length;
      const last = batch.at(-1);
      if (last === undefined || batch.length < BATCH) break;
      after = last.number;
    }
    if (creates === 0) return undefined;
    return `whether ${counted(creates, "record")} ${creates === 1 ? "was" : "were"} created is unknown, and ${mayBe(creates)}`;
  }

  *#batches(): Generator<readonly Extra[]> {
    for (let after = 0; ;) {
      const batch = this.#scratch.extras(after, BATCH);
      const last = batch.at(-1);
      if (last === undefined) return;
      yield batch;
      after = last.number;
    }
  }

  /** What this ledger has not written. What it has is a matter of the mirror, which asks twice (D2). */
  async #foreignOf(extras: readonly Extra[]): Promise<readonly Extra[]> {
    const { sync, ports } = this.#context;
    const isOwn = sync.destination.traits.addressing === "own";
    const placed = await Promise.all(
      extras.map(async (extra) => {
        const { match, item } = extra;
        const isRecord = isOwn && isObject(item);
        return {
          extra,
          place: isRecord ? await addressOf(match, item as JsonObject, sync) : isOwn ? undefined : match,
        };
      }),
    );
    const places = placed.flatMap(({ place }) => place ?? []);
    const ours = await ports.ledger.owned(isOwn ? { addresses: places } : { ids: places });
    return placed.filter(({ place }) => place === undefined || !ours.has(place)).map(({ extra }) => extra);
  }

  async #removalOf({ match, item }: Extra): Promise<Removable | undefined> {
    const { sync } = this.#context;
    const { destination } = sync;
    if (!isObject(item)) return undefined;
    const mapped = item as JsonObject;
    const address = await addressOf(match, mapped, sync);
    const destinationId = destination.traits.addressing === "own" ? undefined : match;
    const rendered = await destination.render("delete", { key: match, mapped, body: {}, address }, destinationId);
    if (!rendered.ok) return undefined;
    const gone = goneRecord({ key: FOREIGN + match, keyKind: "t", cursor: undefined });
    return {
      record: { ...gone, address, addressKey: undefined },
      destinationId,
      etag: undefined,
      write: rendered.write,
      replaces: undefined,
      staleUntilMs: undefined,
    };
  }
}

/** Why what is extra may be something else than it seems to be; undefined when it is what it seems. */
function whyUnsure(
  { unmatched, matched, mended, goesOn, isPlaced }: Shown,
  { source, destination }: Sync,
): string | undefined {
  const { delete: declared } = destination.traits;
  if (unmatched > 0)
    return `${counted(unmatched, "record")} of the source could not be compared, and ${mayBe(unmatched)}`;
  if (goesOn) return "the source's list goes on where reading ended, and they may stand there";
  if (source.paging.shifts && source.paging.overlaps !== true) return MAY_HAVE_MOVED;
  if (mended === 0 && matched === 0) return "nothing that both sides have shows where such a record is";
  if (!isPlaced || declared?.knowsPlace !== true)
    return "where such a record is cannot be told from the destination's list";
  return undefined;
}

const mayBe = (number: number): string => `what seems extra may be ${number === 1 ? "that one" : "one of those"}`;

/** The path of the address of what is listed; undefined when it gives none. */
export async function addressOf(match: string, item: JsonObject, { destination }: Sync): Promise<string | undefined> {
  const made = await destination.address({ key: match, mapped: item, body: {} });
  return made.ok ? made.address : undefined;
}
