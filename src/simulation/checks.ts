import type { RunResult } from "../evenkeel.ts";
import { REFUSED_NAME, type DestinationDouble } from "./destination-double.ts";
import type { SourceDouble } from "./source-double.ts";
import type { Edit } from "./world.ts";

interface Ended {
  readonly source: SourceDouble;
  readonly destination: DestinationDouble;
  /** Keys of creates that a person said were applied: nobody knows their ids, so what changes of them is refused aloud. */
  readonly decided: ReadonlySet<string>;
  readonly edits: readonly Edit[];
  /** Of the last calm run. */
  readonly last: RunResult | undefined;
}

/** What must hold at the end of a world, by what its APIs hold and did; the engine is asked only what it claims. */
export function violationsOf(ended: Ended): readonly string[] {
  return [...doubled(ended), ...unequal(ended), ...claims(ended)];
}

/** No record is there twice, now or at any time before: nothing deletes. */
function doubled({ destination }: Ended): readonly string[] {
  const seen = new Map<number, number>();
  for (const { ref } of destination.items) seen.set(ref, (seen.get(ref) ?? 0) + 1);
  return [...seen].flatMap(([ref, times]) => (times > 1 ? [`DOUBLED: record ${ref} is there ${times} times`] : []));
}

/** Every record of the source is in the destination as it is; what the destination refuses is as it was. */
function unequal({ source, destination, decided }: Ended): readonly string[] {
  const items = new Map(destination.items.map((item) => [item.ref, item]));
  const violations: string[] = [];
  for (const { id, name, edit } of source.records.values()) {
    const item = items.get(id);
    if (name === REFUSED_NAME) continue;
    if (item === undefined) violations.push(`LOST: record ${id} is not there`);
    else if ((item.name !== name || item.edit !== edit) && !decided.has(String(id)))
      violations.push(`STALE: record ${id} is of edit ${item.edit}, and the source has ${edit}`);
  }
  return violations;
}

/** A run that calls itself level is; one that does not has a reason. */
function claims({ source, decided, edits, last }: Ended): readonly string[] {
  const refused = [...source.records.values()].filter(({ name }) => name === REFUSED_NAME).length;
  if (refused > 0) return last?.exitCode === 0 ? ["CLAIM: level, and the destination refuses some records"] : [];
  // A reject stays until its record comes again, or a person discards it.
  const isGone = edits.some(({ id, content }) => content?.name === REFUSED_NAME && !source.records.has(id));
  if (last?.exitCode === 0 || decided.size > 0 || isGone) return [];
  const why = last?.syncs
    .map(({ status, error, counts }) => `${status} ${error?.message ?? ""} ${JSON.stringify(counts)}`)
    .join();
  return [`CONVERGENCE: after calm runs it is still not level: ${why}`];
}
