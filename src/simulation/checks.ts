import type { RunResult } from "../evenkeel.ts";
import type { Catalogue, Version } from "./catalogue.ts";
import type { DestinationDouble } from "./destination-double.ts";
import type { Scene } from "./scene.ts";
import type { SourceDouble } from "./source-double.ts";
import type { Strangers } from "./strangers.ts";
import type { Edit, Violation } from "./world.ts";

export interface Ended {
  /** A fault has refused some writes for no good reason. */
  readonly isDenied: boolean;
  readonly strangers: Strangers;
  readonly scene: Scene;
  readonly source: SourceDouble;
  readonly destination: DestinationDouble;
  readonly catalogue: Catalogue;
  /** Keys of creates that a person said were applied: nobody knows their ids, so what changes of them is refused aloud. */
  readonly decided: ReadonlySet<string>;
  readonly edits: readonly Edit[];
  /** The exit code of a check in the end; undefined where none was asked for. */
  readonly checked: number | undefined;
  /** Of the last calm run. */
  readonly last: RunResult | undefined;
}

/** What must hold at the end of a world, by what its APIs hold and did; the engine is asked only what it claims. */
export function violationsOf(ended: Ended): readonly Violation[] {
  return [
    ...doubled(ended),
    ...unequal(ended),
    ...undeleted(ended),
    ...foreign(ended),
    ...created(ended),
    ...claims(ended),
  ];
}

/** What is only updated is never created. */
function created({ scene, destination }: Ended): readonly Violation[] {
  if (scene.sync.writes !== "updateOnly") return [];
  return destination.items
    .filter(({ createdMs }) => createdMs > Number.NEGATIVE_INFINITY)
    .map(({ version: { key } }) => ({
      kind: "BREACH",
      text: `record ${key} was created, and is only to be updated`,
      key,
    }));
}

/** What somebody else has added a mirror deletes by a repair, where the list shows where it is; and a check tells of all of it. */
function foreign(ended: Ended): readonly Violation[] {
  const { scene, destination, strangers, checked, source, decided, last } = ended;
  if (checked === undefined) return [];
  const added = destination.items.filter(({ version }) => strangers.added.has(version.key));
  const { deletes, source: read } = scene.sync;
  const isPlaced = scene.destination.list?.key[0] === "id" || scene.destination.upsert !== undefined;
  const isKnown = isPlaced && scene.sync.destination.traits.delete?.knowsPlace === true;
  const isSure = last?.exitCode === 0 && decided.size === 0 && source.records.size > 0 && !read.paging.shifts;
  if (checked === 0 && added.length > 0)
    return [{ kind: "CLAIM", text: "a check finds nothing, and something is extra" }];
  const isExtra = destination.items.some(({ version }) => !source.records.has(version.id));
  if (checked === 4 && !isExtra && isSure && isUpdated(ended))
    return [{ kind: "CLAIM", text: "a check finds something astray, and nothing is" }];
  if (deletes.mode !== "mirror" || !isKnown || !isSure) return [];
  return added.map(({ version: { key } }) => ({
    kind: "UNDELETED",
    text: `record ${key} is extra, and is still there`,
    key,
  }));
}

/** Where deletes are asked for, nothing is in the destination that the source has no more. */
function undeleted({ scene, source, destination, decided, strangers }: Ended): readonly Violation[] {
  if (scene.sync.deletes.mode === "never") return [];
  return (
    destination.items
      .filter(({ version }) => !source.records.has(version.id) && !decided.has(version.key))
      .filter(({ version }) => !strangers.added.has(version.key))
      // What somebody else has changed may be theirs from then on.
      .filter(({ version }) => !keepsChanges(scene) || !strangers.drifted.has(version.key))
      .map(({ version: { key } }) => ({ kind: "UNDELETED", text: `record ${key} is gone, and is still there`, key }))
  );
}

const keepsChanges = ({ destination }: Scene): boolean =>
  destination.precondition !== undefined && destination.conflict === "destination";

/** No record is there twice. */
function doubled({ destination }: Ended): readonly Violation[] {
  const seen = new Map<string, number>();
  for (const { version } of destination.items) seen.set(version.key, (seen.get(version.key) ?? 0) + 1);
  return [...seen].flatMap(([key, times]): readonly Violation[] =>
    times > 1 ? [{ kind: "DOUBLED", text: `record ${key} is there ${times} times`, key }] : [],
  );
}

/** Every record of the source is in the destination as it is; what the destination refuses is as it was. */
function unequal(ended: Ended): readonly Violation[] {
  return [...ended.source.records.values()].flatMap((version) => unheld(version, ended));
}

function unheld(version: Version, ended: Ended): readonly Violation[] {
  const { destination, catalogue, decided, strangers } = ended;
  const { id, key, content } = version;
  if (content.flaw !== undefined || decided.has(key) || strangers.drifted.has(key)) return [];
  const items = destination.items.filter((each) => each.version.id === id);
  const [item] = items;
  // What is only updated need not be there.
  if (item === undefined && ended.scene.sync.writes === "updateOnly") return [];
  if (item === undefined) return [{ kind: "LOST", text: `record ${key} is not there`, key }];
  // Where it is there twice, that is told elsewhere.
  const isHeld = items.some(({ name, operation, body }) => catalogue.bodyOf(version, operation, name) === body);
  if (!isUpdated(ended) || isHeld) return [];
  const text = `record ${key} is of edit ${item.version.content.edit}, and the source has ${content.edit}`;
  return [{ kind: "STALE", text, key }];
}

/**
 * What a run that has read to the end has not brought across, of what the source has shown since its read began and shows still, and of which
 * the ledger does not say that it is unfinished or refused. What the source marks as deleted is no matter of a repair: `marks` is false then.
 */
export function unheldAt(
  readStartedMs: number | undefined,
  unfinished: ReadonlySet<string>,
  ended: Ended,
  marks = true,
): readonly Violation[] {
  const { source, scene } = ended;
  if (readStartedMs === undefined) return [];
  if (source.hasLapsedSince(readStartedMs)) return [];
  // P9: where numbered pages change meanwhile, the read is not complete, and does not claim to be; with an overlap that is noticed.
  const { shifts, overlaps } = scene.sync.source.paging;
  if (shifts && overlaps !== true && source.changedMs >= readStartedMs) return [];
  const shown = source.shownSince(readStartedMs).filter(({ key }) => !unfinished.has(key));
  // What has gone without a mark is only missed at first (D2).
  const gone = (marks ? undeleted(ended) : []).filter(({ key = "" }) =>
    [...source.tombstones.values()].some(
      (each) => each.key === key && source.shownSinceMs(each.id) < readStartedMs && !unfinished.has(key),
    ),
  );
  return [...shown.flatMap((version) => unheld(version, ended)), ...gone].map(({ kind, text, ...rest }) => ({
    kind: "CLAIM",
    text: `a run is at its end, and ${kind}: ${text}`,
    ...rest,
  }));
}

/** A run that calls itself level is; one that does not has a reason. */
function claims(ended: Ended): readonly Violation[] {
  const { source, destination, decided, edits, last } = ended;
  const flawed = [...source.records.values()].filter(({ content }) => content.flaw !== undefined);
  // Where nothing is updated, what became flawed after it was written is left as it is.
  const isThere = (id: number): boolean => destination.items.some(({ version }) => version.id === id);
  const { writes } = ended.scene.sync;
  const unwritten = flawed.filter(({ id, content }) =>
    writes === "updateOnly" ? content.flaw === "invalid" || isThere(id) : isUpdated(ended) || !isThere(id),
  );
  if (unwritten.length > 0 && last?.exitCode === 0)
    return [{ kind: "CLAIM", text: "level, and some records cannot be written" }];
  // A reject stays until its record comes again, or a person discards it.
  const isRefused = (content: Edit["content"]): boolean =>
    content === undefined ? ended.isDenied : content.flaw !== undefined;
  const isGone = edits.some(({ id, content }) => isRefused(content) && !source.records.has(id));
  if (last?.exitCode === 0 || flawed.length > 0 || decided.size > 0 || isGone) return [];
  const why = last?.syncs
    .map(({ status, error, counts }) => `${status} ${error?.message ?? ""} ${JSON.stringify(counts)}`)
    .join();
  return [{ kind: "CONVERGENCE", text: `after calm runs it is still not level: ${why}` }];
}

/** Whether records are written again when they change. */
const isUpdated = ({ scene }: Pick<Ended, "scene">): boolean =>
  scene.sync.writes !== "createOnly" && scene.sync.destination.traits.updates;
