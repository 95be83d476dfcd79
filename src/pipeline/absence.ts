import type { Checkpoint } from "../core/checkpoint.ts";
import { EvenkeelError } from "../core/errors.ts";
import type { Entry } from "../core/ledger.ts";
import { goneRecord } from "../core/record.ts";
import { confirmAbsence } from "./confirm.ts";
import type { RunContext } from "./context.ts";
import type { Journal } from "./journal.ts";
import type { Opening } from "./opening.ts";
import type { ReadPage } from "./read.ts";
import type { Stage } from "./stage.ts";
import { mayDelete, type DeleteChoice } from "./sweep.ts";

interface Means extends DeleteChoice {
  readonly stage: Stage;
  readonly journal: Journal;
}

/** Entries looked at in one pass. */
const BATCH = 500;

/** A mirror whose reads are all resumed for longer than so many of its intervals is not one. */
const READS_MAX = 2;

/**
 * What a mirror's read proves about records that it does not meet (D1, D2). A record has gone when two complete reads in a row miss it, or
 * when the source, asked for it by its key, does not know it. A read proves nothing when it was resumed, when an item in it has no usable
 * key, or when the source lists nothing at all.
 */
export class Absences {
  readonly #context: RunContext;
  readonly #scopeRead: number;
  /** Whether this is a read that is to tell what has gone... */
  readonly #isMirror: boolean;
  /** ...and can. */
  readonly #isWatching: boolean;
  /** An earlier read came to its end, so that something may be missing since. */
  readonly #wasRead: boolean;
  #hasStranger = false;
  /** The source's list goes on where reading ended, and the source cannot be asked for what is missing. */
  #goesOn = false;
  /** There are too many to be asked for: the next run must find them again. */
  #isPutOff = false;
  /** A person has said that the source is truly empty. */
  #isAllowed = false;

  constructor(context: RunContext, { start, resumed }: Opening) {
    const { deletes, source } = context.sync;
    this.#context = context;
    this.#scopeRead = start.scopeRead ?? start.read;
    // P9: rows move between numbered pages while the source changes, so only the source itself can say that one has gone.
    const isComplete = !source.paging.shifts || source.paging.overlaps === true || source.readOne !== undefined;
    this.#isMirror = deletes.mode === "mirror" && start.kind === "full" && !context.partial && isComplete;
    this.#isWatching = this.#isMirror && !resumed;
    this.#wasRead = start.fullMs !== undefined;
  }

  async begin(): Promise<void> {
    if (this.#isWatching) await this.#context.ports.ledger.beginMeeting();
  }

  async meet({ records, invalid, goesOn = false }: ReadPage): Promise<void> {
    if (goesOn && this.#context.sync.source.readOne === undefined) this.#goesOn = true;
    const keys = [...records, ...invalid].map(({ key }) => key);
    if (keys.includes(undefined)) this.#hasStranger = true;
    if (this.#isWatching) await this.#context.ports.ledger.meet(keys.filter((key) => key !== undefined));
  }

  /** An item without a usable key, or on a page that was not read, may be any record, also one that has counted as gone. */
  get areUnsure(): boolean {
    return this.#context.sync.deletes.mode === "mirror" && (this.#hasStranger || this.#goesOn);
  }

  /**
   * D3: why what was missing before goes on waiting. What the guard has withheld a later run may find back in part, and what is left then is
   * few enough for the guard: it is deleted when a complete read misses it once more.
   */
  get doubt(): string | undefined {
    const { sync, partial } = this.#context;
    if (sync.deletes.mode !== "mirror" || partial || this.#isWatching) return undefined;
    return "they were missing before, and only a run that reads everything can miss them again";
  }

  /** The read has stopped before its end. */
  breakOff(): void {
    if (this.#isMirror && this.#wasRead)
      this.#context.notLevel(
        "the read did not come to its end, so what is missing from the source is not known, and nothing of it was deleted",
      );
  }

  /**
   * After a complete read: what has gone is to be deleted from now on, whatever becomes of this run; what was missed for the first time
   * is noted. Throws `RUN_SOURCE_EMPTY` when the source lists nothing.
   */
  async conclude(checkpoint: Checkpoint, means: Means): Promise<void> {
    const context = this.#context;
    const { ledger } = context.ports;
    if (!this.#isMirror || context.stop.aborted) return;
    if (!this.#isWatching) return this.#passOver(checkpoint);
    // D1: neither is a complete read. A list without any record is a matter of its own.
    if (this.areUnsure && context.counts.read > 0) {
      const message = this.#hasStranger
        ? "some items of the source have no usable key, so what is missing from it may be one of them: nothing counts as gone"
        : "the source's list goes on where reading ended, so what is missing may stand there: nothing counts as gone";
      context.say({ type: "warning", code: "ABSENCE_UNKNOWN", message, next: undefined });
      return;
    }
    const missing = await ledger.countUnmet();
    // What stops it must stop the next run too.
    if (missing > 0) await ledger.saveCheckpoint({ ...checkpoint, mirrorMs: undefined });
    if (missing > 0) await this.#settle(missing, means);
    if (!context.stop.aborted && !this.#isPutOff)
      await ledger.saveCheckpoint({ ...checkpoint, mirrorMs: checkpoint.startedMs, untoldMs: undefined });
  }

  /** D2: a resumed read never proves absence. While every read must be resumed nothing is ever deleted, and no sync like that is level. */
  async #passOver(checkpoint: Checkpoint): Promise<void> {
    const { sync, ports, say, notLevel } = this.#context;
    const nowMs = ports.clock.wallMs();
    const untoldMs = checkpoint.untoldMs ?? nowMs;
    await ports.ledger.saveCheckpoint({ ...checkpoint, untoldMs });
    const isLong = nowMs - untoldMs > READS_MAX * sync.deletes.fullRefreshMs;
    const message = "the read was resumed, which proves no absence: nothing that it did not show was deleted";
    const next = `Find out what ends the reads midway, and let one run read it all: \`evenkeel run ${sync.name} --full-refresh\`.`;
    say({ type: "warning", code: "ABSENCE_RESUMED", message, next: isLong ? next : undefined });
    if (isLong)
      notLevel(
        `every read since ${new Date(untoldMs).toISOString()} was resumed, so nothing that is missing from the source was deleted`,
      );
  }

  /**
   * What a run would find missing, for whoever only looks; `isGone` when it would be deleted, or the source asked for it. Throws
   * `RUN_SOURCE_EMPTY`.
   *
   * @param isExact what is looked at is to be applied exactly, and a run would do other things besides
   */
  async *missing(
    choice: Pick<DeleteChoice, "allowed">,
    isExact: boolean,
  ): AsyncGenerator<{ readonly entry: Entry; readonly isGone: boolean }> {
    if (!this.#isWatching || (this.areUnsure && this.#context.counts.read > 0)) return;
    this.#refuseEmpty(await this.#context.ports.ledger.countUnmet(), choice, isExact);
    this.#isAllowed = this.#context.counts.read === 0;
    const isAsked = this.#context.sync.source.readOne !== undefined;
    for await (const batch of this.#unmet())
      for (const entry of batch) yield { entry, isGone: isAsked || this.#isGone(entry) };
  }

  async #settle(missing: number, means: Means): Promise<void> {
    this.#refuseEmpty(missing, means, false);
    this.#isAllowed = this.#context.counts.read === 0;
    const settle = await this.#way(missing, means);
    for await (const batch of this.#unmet()) await settle(batch);
  }

  async *#unmet(): AsyncGenerator<readonly Entry[]> {
    const { ports, stop } = this.#context;
    for (let after = ""; !stop.aborted;) {
      const batch = await ports.ledger.unmet(after, BATCH);
      yield batch;
      const last = batch.at(-1);
      if (last === undefined || batch.length < BATCH) return;
      after = last.key;
    }
  }

  /** D3: whatever the guard is set to, an answer without records is more often a mistake than an empty source. */
  #refuseEmpty(missing: number, { allowed = 0 }: Pick<DeleteChoice, "allowed">, isExact: boolean): void {
    if (missing > 0 && this.#context.counts.read === 0 && allowed < missing)
      throw emptySource(this.#context, missing, isExact);
  }

  /** How it is found out which of those that are missing have gone. */
  async #way(missing: number, means: Means): Promise<(batch: readonly Entry[]) => Promise<void>> {
    const { sync, say, counts } = this.#context;
    if (sync.source.readOne === undefined) return (batch) => this.#judge(batch, means);
    const reason = await mayDelete(missing, means, this.#context);
    if (reason === undefined) return (batch) => this.#ask(batch, means);
    // Asking for each of too many would only be slow: they are withheld in any case.
    this.#isPutOff = true;
    counts.withheld += missing;
    say({ type: "withheld", deletes: missing, reason });
    return (batch) => this.#miss(batch);
  }

  /** Two complete reads of one scope in a row have missed it, and none has met it between them. */
  #isGone({ missed }: Entry): boolean {
    return this.#isAllowed || (missed !== undefined && missed >= this.#scopeRead);
  }

  async #judge(batch: readonly Entry[], means: Means): Promise<void> {
    const gone = batch.filter((entry) => this.#isGone(entry));
    await this.#remove(gone, means);
    await this.#miss(batch.filter((entry) => !this.#isGone(entry)));
  }

  /** D2: the source is asked for each of them. */
  async #ask(batch: readonly Entry[], means: Means): Promise<void> {
    const { ledger } = this.#context.ports;
    const answers = await Promise.all(
      batch.map(async (entry) => ({ entry, answer: await confirmAbsence(entry.key, this.#context) })),
    );
    const those = (wanted: (typeof answers)[number]["answer"]["kind"]): readonly Entry[] =>
      answers.filter(({ answer }) => answer.kind === wanted).map(({ entry }) => entry);
    await this.#remove(those("gone"), means);
    const [unclears, there] = [those("unclear"), those("there")];
    // Whatever was believed before, the source does not say now that they have gone.
    const found = [...unclears, ...there].map(({ key }) => key);
    if (found.length > 0)
      await ledger.journal({ run: this.#context.run, intents: [], rejects: [], clearRejects: [], found });
    await this.#miss(unclears);
    const unclear = answers.find(({ answer }) => answer.kind === "unclear");
    if (unclear?.answer.kind === "unclear") this.#warn("ABSENCE_UNCLEAR", unclears, unclear.answer.message);
    if (there.length === 0) return;
    this.#warn("ABSENT_BUT_READ", there, "the source gives it when it is asked for it by its key");
  }

  #warn(code: string, entries: readonly Entry[], why: string): void {
    const [first] = entries;
    const more = entries.length === 1 ? "" : ` and ${entries.length - 1} more`;
    const message = `record ${first?.key}${more}: not in the source's list, and kept all the same: ${why}`;
    this.#context.say({ type: "warning", code, message, next: undefined });
  }

  async #remove(entries: readonly Entry[], { stage, journal }: Means): Promise<void> {
    if (entries.length === 0) return;
    const planned = await stage.planGone(
      entries.map(({ key, keyKind }) => goneRecord({ key, keyKind, cursor: undefined })),
    );
    await journal.page(planned, [], { clearRejects: [], found: [] });
  }

  async #miss(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    const keys = entries.map(({ key }) => key);
    await this.#context.ports.ledger.miss(this.#context.read.number, keys);
    this.#context.counts.missed += keys.length;
  }
}

function emptySource({ sync }: RunContext, entries: number, isExact: boolean): EvenkeelError {
  const [look, allow] = isExact
    ? [`evenkeel probe ${sync.name}`, `evenkeel plan ${sync.name} --out FILE --allow-deletes ${entries}`]
    : [`evenkeel plan ${sync.name} --trace`, `evenkeel run ${sync.name} --allow-deletes ${entries}`];
  const records = entries === 1 ? "the one record" : `all ${entries} records`;
  return new EvenkeelError(
    "RUN_SOURCE_EMPTY",
    `the source of ${sync.name} lists nothing, and a mirror would delete ${records} of the destination`,
    {
      next: `Look at the source's answer with \`${look}\`. If it is truly empty: \`${allow}\`.`,
    },
  );
}
