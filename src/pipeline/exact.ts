import { EvenkeelError } from "../core/errors.ts";
import { fingerprint } from "../core/fingerprint.ts";
import type { Json } from "../core/json.ts";
import type { SyncLedger } from "../core/ledger.ts";
import type { Moved, PlanStore } from "../core/planned.ts";
import { goneRecord } from "../core/record.ts";
import { counted } from "../core/observation.ts";
import { referencesText } from "../core/reference.ts";
import type { RunContext } from "./context.ts";
import type { Journal } from "./journal.ts";
import type { PreviewedChange } from "./previewed-change.ts";
import type { Stage } from "./stage.ts";

/** Records planned together. */
const BATCH = 500;

/** Of what has moved, so much is named. */
const NAMED_MAX = 20;

/** Where the ledger of a sync stands, as a text that is another one after any run, reset, import or decision. */
export async function ledgerMark(ledger: SyncLedger): Promise<string> {
  const [run] = await ledger.runs(1);
  return fingerprint({
    checkpoint: ((await ledger.checkpoint()) ?? null) as Json,
    run: run?.id ?? 0,
    counts: (await ledger.counts()) as unknown as Json,
  });
}

/** What an earlier run has left would go first, and no plan says what it comes to. Throws `USAGE` when there is any. */
export async function refuseUnfinished(sync: string, ledger: SyncLedger): Promise<void> {
  const checkpoint = await ledger.checkpoint();
  const writes = await countUndone(ledger);
  const isHalfway = checkpoint?.complete === false && checkpoint.position !== undefined;
  if (writes === 0 && !isHalfway) return;
  const what =
    writes === 0
      ? "its last read is not finished"
      : `${writes === 1 ? "one of its writes is" : `${writes} of its writes are`} unresolved`;
  throw new EvenkeelError("USAGE", `${sync} cannot be planned exactly: ${what}`, {
    next: `Run it first: \`evenkeel run ${sync}\`.`,
  });
}

/** Writes of which it is not known that they are in the destination, or which are known not to be. */
export async function countUndone(ledger: Pick<SyncLedger, "counts">): Promise<number> {
  const { unresolved } = await ledger.counts();
  const { verifying: _, ...open } = unresolved;
  return Object.values(open).reduce((sum, number) => sum + number, 0);
}

/**
 * What has moved since a plan was made, now that it was made again; undefined when it holds.
 *
 * @param isWhole everything was read, so that what was not met has gone
 */
export function whyMoved(sync: string, store: PlanStore, isWhole: boolean): EvenkeelError | undefined {
  const moved = store.moved(NAMED_MAX + 1);
  if (moved.length === 0) return undefined;
  const named = moved
    .slice(0, NAMED_MAX)
    .map(({ key, how }) => `record ${key} ${WORDS[how === "gone" && !isWhole ? "unneeded" : how]}`);
  const more = moved.length > NAMED_MAX ? "; and more" : "";
  return new EvenkeelError(
    "RUN_PLAN_MOVED",
    `the plan of ${sync} does not hold any more, and nothing was sent: ${named.join("; ")}${more}`,
    { next: "Plan anew with `evenkeel plan --out FILE`, and look at it." },
  );
}

const WORDS: Readonly<Record<Moved, string>> = {
  sourceChanged: "has changed in the source",
  changed: "would be written otherwise",
  new: "would be written too",
  unneeded: "needs nothing any more",
  gone: "is not in the source any more",
};

/** Records of which a plan writes nothing, though a run would, or would say why it cannot. */
export interface LeftOut {
  readonly number: number;
  /** Some of the first, each with why. */
  readonly named: readonly string[];
}

/** Why a record is no part of a plan that is applied exactly; undefined when it is one. */
export function whyLeftOut(change: PreviewedChange): string | undefined {
  if (change.kind === "wait") return `${change.key} waits for ${referencesText(change.waitsFor)}, which it creates`;
  return change.kind === "invalid" ? `${change.key ?? "(no key)"} is invalid: ${change.reason}` : undefined;
}

/** A plan that leaves records out does not make the sync level, and says which. */
export function tellLeftOut({ number, named }: LeftOut, { sync, say, notLevel }: RunContext): void {
  if (number === 0) return;
  const more = number > named.length ? `; and ${number - named.length} more` : "";
  const what = `the plan leaves out ${counted(number, "record")}`;
  say({
    type: "warning",
    code: "PLAN_LEAVES_OUT",
    message: `${what}: ${named.join("; ")}${more}`,
    next: `Once this is applied, plan anew: \`evenkeel plan ${sync.name} --out FILE\`.`,
  });
  notLevel(what);
}

/** D2: what was planned to be deleted because it has gone from the source waits for the guard, as in any run. */
export async function planMissed(store: PlanStore, stage: Stage, journal: Journal): Promise<void> {
  for (let after = ""; ;) {
    const keys = store.missed(after, BATCH);
    const last = keys.at(-1);
    if (last === undefined) return;
    const planned = await stage.planGone(keys.map((key) => goneRecord({ key, keyKind: "t", cursor: undefined })));
    await journal.page(planned, [], { clearRejects: [], found: [] });
    after = last;
  }
}
