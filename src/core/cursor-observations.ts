import { compareCursors, parseCursor } from "./cursor.ts";
import type { CursorFacts, Resolution } from "./cursor-facts.ts";
import { advice, counted, fact, trouble, type Observation } from "./observation.ts";
import type { CursorSpec } from "./sync.ts";

const MANNER: Readonly<Record<Resolution, string>> = {
  day: "whole days",
  minute: "whole minutes",
  second: "whole seconds",
  millisecond: "milliseconds",
  microsecond: "microseconds",
  finer: "less than microseconds",
  unit: "whole numbers",
};

type Declared = Pick<CursorSpec, "field" | "type" | "sorted" | "lookback">;

/** What the values of a declared cursor are like, and whether what is declared of them holds. */
export function observeCursor({ field, type, sorted, lookback }: Declared, facts: CursorFacts): readonly Observation[] {
  const all = facts.usable + facts.missing + facts.unusable;
  if (all === 0) return [];
  const seen: Observation[] = [];
  if (facts.usable === 0) {
    const change = "Check `cursor.field` and `cursor.type`.";
    return [trouble("cursor", `none of ${counted(all, "record")} has a ${type} in \`${field}\``, change)];
  }
  const { resolution, usable } = facts;
  const manner = resolution === undefined ? "" : `, in ${MANNER[resolution]}`;
  seen.push(
    fact(
      "cursor",
      `\`${field}\`: ${facts.lowest} to ${facts.highest}${manner}, in ${usable} of ${counted(all, "record")}`,
    ),
  );
  if (facts.unusable > 0)
    seen.push(
      trouble(
        "cursor",
        `\`${field}\` is no ${type} in ${counted(facts.unusable, "record")}, which would be invalid`,
        "Check `cursor.type`.",
      ),
    );
  if (facts.missing > 0)
    seen.push(
      advice(
        "cursor",
        `${counted(facts.missing, "record")} of ${all} ${facts.missing === 1 ? "has" : "have"} no \`${field}\`: an incremental read may never meet ${facts.missing === 1 ? "it" : "them"}`,
        "Run with `--full-refresh` from time to time.",
      ),
    );
  seen.push(...observeOrder(field, sorted, facts));
  seen.push(...observeTies(field, type, lookback, facts));
  if (facts.withoutZone > 0)
    seen.push(
      fact(
        "cursor",
        `\`${field}\` says no time zone and counts as UTC; should it be another one, \`lookback\` must cover the difference`,
      ),
    );
  return seen;
}

function observeOrder(
  field: string,
  sorted: boolean,
  { order, outOfOrder, usable }: CursorFacts,
): readonly Observation[] {
  if (usable < 2) return [];
  if (order === "none" || order === "descending") {
    const text =
      order === "none"
        ? `in no order of \`${field}\` (${outOfOrder} out of ${usable - 1} steps go the other way)`
        : `in descending order of \`${field}\``;
    if (!sorted) return [fact("cursor", `records come ${text}; \`sorted: false\` is right`)];
    return [
      trouble(
        "cursor",
        `\`sorted: true\` is declared, and records come ${text}`,
        `Ask for ascending order (a \`query\` such as \`sort: ${field}\`), or set \`cursor.sorted: false\`.`,
      ),
    ];
  }
  if (order === "level")
    return [fact("cursor", `all ${usable} records have the same \`${field}\`, so their order cannot be told`)];
  if (sorted) return [fact("cursor", `records come in ascending order of \`${field}\`, as declared`)];
  return [
    advice(
      "cursor",
      `${usable} records came in ascending order of \`${field}\``,
      "If the API promises that order, set `cursor.sorted: true`: then the cursor moves while a read goes on.",
    ),
  ];
}

function observeTies(
  field: string,
  type: CursorSpec["type"],
  lookback: number,
  facts: CursorFacts,
): readonly Observation[] {
  const { tiedRecords, tiedValues, largestTie, tiedBorders, borders } = facts;
  if (tiedRecords === 0) return [fact("cursor", `no two records share a value of \`${field}\``)];
  const atBorders =
    borders === 0
      ? ""
      : `; ${tiedBorders} of ${counted(borders, "page border")} ${tiedBorders === 1 || borders === 1 ? "lies" : "lie"} within such a group`;
  const text = `${tiedRecords} records share ${counted(tiedValues, "value")} of \`${field}\`, at most ${largestTie} one value${atBorders}`;
  if (lookback > 0 || type === "text") return [fact("cursor", text)];
  return [
    advice(
      "cursor",
      text,
      "Set `cursor.lookback`, so that records which get the value of the last one later are met too.",
    ),
  ];
}

/** What came when records were asked for from a value on. */
export interface SinceAnswer {
  /** The value that was asked from. */
  readonly since: string;
  /** Cursor values of what came. */
  readonly values: readonly (string | undefined)[];
  /** How many of the records that were read before are below the value, and how many at it. */
  readonly below: number;
  readonly at: number;
  /** There is more than came, and in no order that puts the value itself first. */
  readonly isCut: boolean;
}

/** Whether the source does what it is asked for with a cursor, and what it does at the value itself. */
export function observeSince(
  { type, lookback, field }: Declared,
  param: string,
  { since, values, below, at, isCut }: SinceAnswer,
): readonly Observation[] {
  const known = values.filter(
    (value): value is string => value !== undefined && parseCursor(type, value) !== undefined,
  );
  const orders = known.map((value) => compareCursors(type, value, since));
  const [older, same, newer] = [
    orders.filter((order) => order < 0).length,
    orders.filter((order) => order === 0).length,
    orders.filter((order) => order > 0).length,
  ];
  const asked = `asked from ${since} on with \`${param}\``;
  if (older > 0)
    return [
      below > 0
        ? trouble(
            "cursor",
            `${asked}, ${older} of ${counted(values.length, "record")} are older: the API does not take the parameter`,
            "Check `cursor.param`: as it is, every run reads everything, or counts on what does not come.",
          )
        : fact("cursor", `${asked}, ${older} of ${counted(values.length, "record")} are older`),
    ];
  if (values.length === 0 && at > 0 && below > 0)
    return [
      observeExclusive(
        `${asked}, nothing came, although ${counted(at, "record")} ${at === 1 ? "has" : "have"} that value`,
        lookback,
        type,
      ),
    ];
  if (values.length === 0) return [fact("cursor", `${asked}, nothing came`)];
  if (same === 0 && at > 0 && !isCut)
    return [
      observeExclusive(`${asked}, ${counted(newer, "newer record")} came and none with that value`, lookback, type),
    ];
  const honoured = below > 0 ? "; none is older" : "";
  return [
    fact(
      "cursor",
      `${asked}, a page of ${counted(values.length, "record")} came: ${same} with that value of \`${field}\`, ${newer} newer${honoured}`,
    ),
  ];
}

/** The source gives what is after the value, and not what is at it. */
function observeExclusive(text: string, lookback: number, type: CursorSpec["type"]): Observation {
  if (lookback > 0) return fact("cursor", `${text}: the value itself is left out, which \`lookback\` makes up for`);
  const change =
    type === "text"
      ? "Ask with a parameter that includes the value: what shares it with the last record would be missed."
      : "Set `cursor.lookback`: what shares its value with the last record would be missed.";
  return trouble("cursor", `${text}: the value itself is left out`, change);
}

/** Values past the source's own clock: the cursor must not follow them. */
export function observeFuture(
  { type, field }: Declared,
  values: readonly (string | undefined)[],
  nowIso: string | undefined,
): readonly Observation[] {
  if (type !== "timestamp" || nowIso === undefined) return [];
  const ahead = values.filter(
    (value) => value !== undefined && parseCursor(type, value) !== undefined && compareCursors(type, value, nowIso) > 0,
  );
  if (ahead.length === 0) return [];
  return [
    advice(
      "cursor",
      `\`${field}\` is past the source's own clock (${nowIso}) in ${counted(ahead.length, "record")}`,
      "Runs do not let the cursor follow it, and meet such records again and again; mend them at the source.",
    ),
  ];
}
