import type { RunResult } from "../evenkeel.ts";
import type { Catalogue } from "./catalogue.ts";
import type { DestinationDouble } from "./destination-double.ts";
import type { SourceDouble } from "./source-double.ts";
import type { Edit, Violation } from "./world.ts";

interface Ended {
  readonly source: SourceDouble;
  readonly destination: DestinationDouble;
  readonly catalogue: Catalogue;
  /** Keys of creates that a person said were applied: nobody knows their ids, so what changes of them is refused aloud. */
  readonly decided: ReadonlySet<string>;
  readonly edits: readonly Edit[];
  /** Of the last calm run. */
  readonly last: RunResult | undefined;
}

/** What must hold at the end of a world, by what its APIs hold and did; the engine is asked only what it claims. */
export function violationsOf(ended: Ended): readonly Violation[] {
  return [...doubled(ended), ...unequal(ended), ...claims(ended)];
}

/** No record is there twice, now or at any time before: nothing deletes. */
function doubled({ destination }: Ended): readonly Violation[] {
  const seen = new Map<string, number>();
  for (const { version } of destination.items) seen.set(version.key, (seen.get(version.key) ?? 0) + 1);
  return [...seen].flatMap(([key, times]): readonly Violation[] =>
    times > 1 ? [{ kind: "DOUBLED", text: `record ${key} is there ${times} times`, key }] : [],
  );
}

/** Every record of the source is in the destination as it is; what the destination refuses is as it was. */
function unequal({ source, destination, catalogue, decided }: Ended): readonly Violation[] {
  const items = new Map(destination.items.map((item) => [item.version.id, item]));
  const violations: Violation[] = [];
  for (const version of source.records.values()) {
    const { id, key, content } = version;
    const item = items.get(id);
    if (content.refused) continue;
    if (item === undefined) violations.push({ kind: "LOST", text: `record ${key} is not there`, key });
    else if (catalogue.bodyOf(version, item.operation, item.name) !== item.body && !decided.has(key))
      violations.push({
        kind: "STALE",
        text: `record ${key} is of edit ${item.version.content.edit}, and the source has ${content.edit}`,
        key,
      });
  }
  return violations;
}

/** A run that calls itself level is; one that does not has a reason. */
function claims({ source, decided, edits, last }: Ended): readonly Violation[] {
  const refused = [...source.records.values()].filter(({ content }) => content.refused).length;
  if (refused > 0)
    return last?.exitCode === 0 ? [{ kind: "CLAIM", text: "level, and the destination refuses some records" }] : [];
  // A reject stays until its record comes again, or a person discards it.
  const isGone = edits.some(({ id, content }) => content?.refused === true && !source.records.has(id));
  if (last?.exitCode === 0 || decided.size > 0 || isGone) return [];
  const why = last?.syncs
    .map(({ status, error, counts }) => `${status} ${error?.message ?? ""} ${JSON.stringify(counts)}`)
    .join();
  return [{ kind: "CONVERGENCE", text: `after calm runs it is still not level: ${why}` }];
}
