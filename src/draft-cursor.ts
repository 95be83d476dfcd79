import { isUsable, middleOf } from "./core/cursor-facts.ts";
import { compareCursors } from "./core/cursor.ts";
import { EvenkeelError } from "./core/errors.ts";
import { likelyCursor, type LikelyCursor } from "./core/field-proposal.ts";
import { scalarText, type JsonObject } from "./core/json.ts";
import { isOdata } from "./core/paging-clue.ts";
import { sinceParams } from "./core/paging-guess.ts";
import { pathExpression, valueAt } from "./core/record-list.ts";
import { recordsOf } from "./draft-paging.ts";
import type { DraftReader, DraftSource } from "./draft-reading.ts";

/** A field that tells when a record last changed, and the parameter that asks for what has changed since; undefined where none was found. */
export interface FoundCursor {
  readonly field: string;
  readonly type: LikelyCursor["type"];
  readonly param: string | undefined;
}

/** Looks for a cursor: the field by its name and values, the parameter by asking. Undefined when no field tells of changes. */
export async function findCursor(
  reader: DraftReader,
  source: DraftSource,
  records: readonly JsonObject[],
): Promise<FoundCursor | undefined> {
  const cursor = likelyCursor(records);
  if (cursor === undefined) return undefined;
  const field = pathExpression(cursor.path);
  const param = isOdata(source.pagination) ? undefined : await paramOf(reader, source, cursor);
  return { field, type: cursor.type, param };
}

/**
 * The parameter that asks for what has changed since a value: all that are usual at once, since most APIs ignore what they do not know, then half of
 * those, and so on. It counts when records that came without it are left out, and newer ones are there.
 */
async function paramOf(
  reader: DraftReader,
  source: DraftSource,
  { path, type }: LikelyCursor,
): Promise<string | undefined> {
  const valueOf = (record: JsonObject): string | undefined => scalarText(valueAt(record, path));
  const before = (await asked(reader, source)).map(valueOf);
  const since = middleOf(type, before);
  const isBelow = (value: string): boolean => since !== undefined && compareCursors(type, value, since) < 0;
  if (since === undefined || !before.filter(isUsable(type)).some(isBelow)) return undefined;
  const takes = async (params: readonly string[]): Promise<boolean> => {
    const query = { ...source.query, ...Object.fromEntries(params.map((param) => [param, [since]])) };
    const answered = await asked(reader, { ...source, query });
    const values = answered.map(valueOf).filter(isUsable(type));
    return values.length > 0 && values.length === answered.length && !values.some(isBelow);
  };
  for (const group of sinceParams(path.at(-1) ?? "")) {
    let left = group;
    if (!(await takes(left))) continue;
    while (left.length > 1) {
      const half = left.slice(0, Math.ceil(left.length / 2));
      left = (await takes(half)) ? half : left.slice(half.length);
    }
    const [param] = left;
    if (param !== undefined && (group.length === 1 || (await takes([param])))) return param;
  }
  return undefined;
}

/** The first records of a source; none where the API does not take what it is asked with. */
async function asked(reader: DraftReader, source: DraftSource): Promise<readonly JsonObject[]> {
  try {
    return recordsOf(await reader.read(source, { max: 1 }));
  } catch (thrown) {
    const error = EvenkeelError.from(thrown);
    if (error.code === "API_REFUSED" || error.code === "API_FAILED" || error.code === "API_NOT_JSON") return [];
    throw error;
  }
}
