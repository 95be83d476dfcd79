import { likelyCursor, likelyKey } from "./field-proposal.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";
import { advice, counted, fact, trouble, type Observation } from "./observation.ts";
import { likelyList, pathExpression } from "./record-list.ts";

/** What a config declares of records. */
export interface DeclaredRecords {
  readonly records: string;
  /** The expressions of the key's parts. */
  readonly key: readonly string[];
  readonly cursor: { readonly field: string; readonly type: string } | undefined;
}

/** Where the list is: another place than is declared, when that has none or an empty one. */
export function observeList(
  body: Json | undefined,
  declared: string,
  items: readonly Json[] | undefined,
): readonly Observation[] {
  const others = items?.filter((item) => !isObject(item)).length ?? 0;
  const odd =
    others === 0
      ? []
      : [
          trouble(
            "records",
            `${counted(others, "item")} of ${items?.length} in \`records: ${declared}\` ${others === 1 ? "is no object" : "are no objects"}, and would be invalid`,
            "Check `records`.",
          ),
        ];
  if (items !== undefined && items.length > 0 && others < items.length) return odd;
  const list = likelyList(body);
  const proposed = list === undefined || list.items.length === 0 ? undefined : pathExpression(list.path);
  if (proposed === undefined || proposed === declared) return odd;
  return [
    ...odd,
    advice(
      "records",
      `\`${proposed}\` in the answer is a list of ${counted(list?.items.length ?? 0, "item")}`,
      `Declare \`records: ${proposed}\`.`,
    ),
  ];
}

/** Whether what is declared as the key is one, and which fields would be. `keys` has each record's, undefined where it has none. */
export function observeKey(
  records: readonly JsonObject[],
  keys: readonly (string | undefined)[],
  declared: readonly string[],
): readonly Observation[] {
  if (records.length === 0) return [];
  const name = keyText(declared);
  const missing = keys.filter((key) => key === undefined).length;
  const distinct = new Set(keys.filter((key) => key !== undefined)).size;
  const doubled = keys.length - missing - distinct;
  if (missing === 0 && doubled === 0) {
    const where =
      records.length === 1 ? "in the one record" : `in all ${records.length} records, and different in each`;
    return [fact("key", `\`${name}\` is there ${where}`)];
  }
  const likely = likelyKey(records).map(pathExpression);
  const proposal =
    likely.length === 0 || keyText(likely) === name
      ? "Look for what identifies a record in the API's documentation."
      : `Declare \`key: ${keyText(likely)}\`, which is there in all of them, and different in each.`;
  const what = [
    ...(missing > 0
      ? [`${counted(missing, "record")} of ${records.length} ${missing === 1 ? "has" : "have"} no usable \`${name}\``]
      : []),
    ...(doubled > 0
      ? [`${counted(doubled, "record")} ${doubled === 1 ? "has" : "have"} the \`${name}\` of another one`]
      : []),
  ];
  return [trouble("key", what.join("; "), proposal)];
}

/** Paths of the mapping that none of the records has: more often misspelt than optional. */
export function observeMapping(absent: readonly string[], records: number): readonly Observation[] {
  const where = records === 1 ? "not in the one record" : `in none of the ${records} records`;
  return absent.map((path) =>
    advice("mapping", `\`${path}\` is ${where}`, "Check its spelling in `mapping`; the fields are listed below."),
  );
}

/**
 * Whether records of the destination's list can be told to be the source's: `matches` has what each is matched by. Those that others have made may lack it;
 * another field that all of them have would not be what the mapping makes.
 */
export function observeMatch(
  records: readonly JsonObject[],
  matches: readonly (string | undefined)[],
  declared: readonly string[],
): readonly Observation[] {
  if (records.length === 0) return [];
  const name = keyText(declared);
  const missing = matches.filter((match) => match === undefined).length;
  const doubled = matches.length - missing - new Set(matches.filter((match) => match !== undefined)).size;
  const lacks = `${counted(missing, "record")} of ${records.length} ${missing === 1 ? "has" : "have"} no usable \`${name}\``;
  if (missing === records.length)
    return [
      trouble(
        "key",
        lacks,
        "Declare as `list.key` where a listed record has the value that the mapped record has too.",
      ),
    ];
  if (doubled > 0) {
    const are = `${counted(doubled, "record")} ${doubled === 1 ? "has" : "have"} the \`${name}\` of another one`;
    return [trouble("key", are, "Either they are copies, or `list.key` is not what tells records apart.")];
  }
  if (missing > 0) return [fact("key", `${lacks}: not known to be any of the source`)];
  return [fact("key", `\`${name}\` is there in all ${records.length} records, and different in each`)];
}

const keyText = (parts: readonly string[]): string =>
  parts.length === 1 ? (parts[0] as string) : `[${parts.join(", ")}]`;

/** A time of change that no cursor is declared for. */
export function observeUndeclaredCursor(
  records: readonly JsonObject[],
  declared: DeclaredRecords["cursor"],
): readonly Observation[] {
  if (declared !== undefined) return [];
  const cursor = likelyCursor(records);
  if (cursor === undefined) return [];
  const field = pathExpression(cursor.path);
  return [
    advice(
      "cursor",
      `no \`cursor\` is declared, and \`${field}\` seems to tell when a record last changed`,
      `If the API has a parameter for it, declare \`cursor: { field: ${field}, type: ${cursor.type}, param: ... }\`: then a run reads only what has changed.`,
    ),
  ];
}
