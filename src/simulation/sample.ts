import type { SyncConfig } from "../config/config.ts";
import { EvenkeelError } from "../core/errors.ts";
import { exactNumber, isExactNumber, type Json, type JsonObject } from "../core/json.ts";
import { templateOf } from "../config/build-request.ts";
import { Unusable } from "./catalogue.ts";
import { at, isWithin, placeOf, put, type Place } from "./place.ts";
import { readPlaces } from "./read-places.ts";
import { catalogueOf, type RecordMaker, type Scene } from "./scene.ts";
import { BEGINNING } from "./world.ts";

/** Records for a sync that nobody has seen the source of. */
export interface Sample {
  /** How many there are; undefined for as many as wanted. */
  readonly size: number | undefined;
  readonly record: RecordMaker;
  /** An edit changes something that the destination is shown. */
  readonly isEditable: boolean;
}

type Kind = "text" | "number" | "digits" | "date" | "flag" | "email" | "list";

/** A member that the sync reads. */
interface Leaf {
  readonly place: Place;
  readonly kind: Kind;
}

const KINDS: readonly Kind[] = ["text", "number", "digits", "date", "flag", "list"];

/** Made-up records that are compared with each other: as many as a world has. */
const DISTINCT = 70;

/** Records that are tried before all others are made like them. */
const TRIED_IDS = [1, 2, 5, 40];

const BASE_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;

/**
 * Makes up records of which the sync's mapping, key and addresses can be made: members that they read, with values whose kinds are found by
 * trying. Throws EvenkeelError USAGE when no kinds suit.
 */
export async function inventedSample(scene: Scene, sync: SyncConfig): Promise<Sample> {
  const read = readPlaces(sync);
  const places = read.filter((place) => !read.some((other) => other !== place && isWithin(other, place)));
  if (sync.mapping === undefined && places.length < 3) places.push([{ name: "name", index: undefined }]);
  const leaves = await suited(
    places.map((place) => ({ place, kind: hintOf(place) })),
    scene,
  );
  const base = (id: number): JsonObject => recordOf(leaves, id);
  const editable = await editablePlaces(
    base(1),
    leaves.map(({ place }) => place),
    scene,
  );
  const record = makerOf(base, editable, scene);
  await distinct(
    Array.from({ length: DISTINCT }, (_, index) => record(index + 1, BEGINNING, BASE_MS)),
    scene,
  );
  return { size: undefined, record, isEditable: editable.length > 0 };
}

/** Records that a user gives. Throws EvenkeelError USAGE when the sync cannot take one of them. */
export async function givenSample(scene: Scene, records: readonly JsonObject[]): Promise<Sample> {
  await distinct(
    records.map((record) => makerOf(() => record, [], scene)(1, BEGINNING, BASE_MS)),
    scene,
  );
  const [first] = records;
  if (first === undefined) throw unsuitable("there is none");
  const editable = await editablePlaces(first, leafPlaces(first, []), scene);
  const record = makerOf((id) => records[id - 1] as JsonObject, editable, scene);
  return { size: records.length, record, isEditable: editable.length > 0 };
}

/** Throws USAGE where one of the records cannot be synced, or where two of them have one key or make one request. */
async function distinct(records: readonly JsonObject[], scene: Scene): Promise<void> {
  const isOwn = scene.sync.destination.traits.addressing === "own";
  const seen = new Map<string, number>();
  for (const [index, record] of records.entries()) {
    const { reason, identity, body } = await tried(record, scene);
    if (reason !== undefined) throw unsuitable(`record ${index + 1} cannot be synced: ${reason}`);
    const [key, url] = identity;
    for (const [name, what] of [
      [`key ${key}`, "have the same key"],
      [`request ${url} ${isOwn ? "" : body}`, `are written by the same request: ${isOwn ? url : body}`],
    ] as const) {
      const before = seen.get(name);
      if (before !== undefined) throw unsuitable(`records ${before + 1} and ${index + 1} ${what}`);
      seen.set(name, index);
    }
  }
}

const unsuitable = (message: string): EvenkeelError =>
  new EvenkeelError("USAGE", message, {
    next: "Give records that the source really lists, as a JSON list or one a line: `evenkeel rehearse --records FILE`.",
  });

/** Gives records their time, and an edit to what may be edited. */
function makerOf(base: (id: number) => JsonObject, editable: readonly Place[], { source }: Scene): RecordMaker {
  const changed = source.cursor === undefined ? undefined : placeOf(source.cursor.field);
  const mark = source.tombstone === undefined ? undefined : placeOf(source.tombstone);
  return (id, { edit }, changedMs) => {
    let record: Json = base(id);
    if (mark !== undefined) record = put(record, mark, false);
    for (const place of edit > 0 ? editable : []) {
      const value = at(record, place);
      if (value !== undefined) record = put(record, place, edited(value, edit));
    }
    if (changed === undefined) return record as JsonObject;
    const stamp = source.cursor?.type === "integer" ? changedMs : new Date(changedMs).toISOString();
    return put(record, changed, stamp) as JsonObject;
  };
}

/** What a member's name says of its value. */
function hintOf(place: Place): Kind {
  const name = place.at(-1)?.name ?? "";
  if (/(?:_at|At|[dD]ate|[tT]ime|[tT]imestamp|_on)$/.test(name)) return "date";
  if (/^(?:id|.*_id|.*Id)$/.test(name)) return "number";
  if (/price|amount|cost|total|count|qty|quantity|weight|size|age|cents|stock/i.test(name)) return "number";
  if (/e-?mail/i.test(name)) return "email";
  if (/^(?:is|has)[_A-Z]|^(?:active|enabled|archived|deleted|visible)$/.test(name)) return "flag";
  return /^(?:tags|items|lines|labels|categories)$/.test(name) ? "list" : "text";
}

const recordOf = (leaves: readonly Leaf[], id: number): JsonObject =>
  leaves.reduce<Json>((record, { place, kind }) => put(record, place, valueOf(kind, place, id)), {}) as JsonObject;

function valueOf(kind: Kind, place: Place, id: number): Json {
  const name = place.at(-1)?.name ?? "value";
  switch (kind) {
    case "text":
      return `${name} ${id}`;
    case "number":
      return id;
    case "digits":
      return String(id);
    case "date":
      return new Date(BASE_MS + id * DAY_MS).toISOString();
    case "flag":
      return id % 2 === 0;
    case "email":
      return `person-${id}@example.com`;
    case "list":
      return [`${name} ${id}`];
  }
}

/** Tries other kinds for one member after the other, as long as more of the record can be synced by it. */
async function suited(hinted: readonly Leaf[], scene: Scene): Promise<readonly Leaf[]> {
  let leaves = hinted;
  const judge = async (some: readonly Leaf[]): Promise<Pick<Trial, "reason" | "weight">> => {
    const make = makerOf((id) => recordOf(some, id), [], scene);
    const trials = await Promise.all(TRIED_IDS.map((id) => tried(make(id, BEGINNING, BASE_MS), scene)));
    return {
      reason: trials.find(({ reason }) => reason !== undefined)?.reason,
      weight: trials.reduce((sum, { weight }) => sum + weight, 0),
    };
  };
  let best = await judge(leaves);
  for (let progress = true; progress && best.reason !== undefined;) {
    progress = false;
    for (const [index, leaf] of leaves.entries())
      for (const kind of KINDS) {
        if (best.reason === undefined) return leaves;
        const other = leaves.with(index, { ...leaf, kind });
        const judged = await judge(other);
        if (judged.weight >= best.weight) continue;
        [leaves, best, progress] = [other, judged, true];
      }
  }
  if (best.reason === undefined) return leaves;
  throw unsuitable(`records that suit this sync cannot be made up: ${best.reason}`);
}

interface Trial {
  /** Why it cannot be synced; undefined when it can. */
  readonly reason: string | undefined;
  readonly weight: number;
  /** What an edit must not change: the key first, then addresses. */
  readonly identity: readonly string[];
  /** As its create sends it. */
  readonly body: string;
  readonly mapped: string;
}

/** Makes all requests of a record. */
async function tried(record: JsonObject, scene: Scene): Promise<Trial> {
  const catalogue = catalogueOf(scene);
  try {
    const { key, mapped } = await catalogue.add({ id: 1, content: BEGINNING, changedMs: 0 }, record);
    await catalogue.addItem("i1", 1);
    const { destination } = scene.sync;
    const body = { key, mapped, body: record };
    const addressed = await destination.address(body);
    const address = addressed.ok ? addressed.address : undefined;
    const write = await destination.render("create", { ...body, address }, undefined);
    const find = scene.destination.find && templateOf(scene.destination.find);
    const found = await find?.render({ mapped, key, source: record });
    const identity = [key, write.ok ? write.write.url : "", found?.ok === true ? found.path : ""];
    const sent = write.ok ? (write.write.body ?? "") : "";
    return { reason: undefined, weight: 0, identity, body: sent, mapped: JSON.stringify(mapped) };
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    return { reason: error.message, weight: error.weight, identity: [], body: "", mapped: "" };
  }
}

/** The members of which an edit shows in the destination, and leaves the record what it is. */
async function editablePlaces(record: JsonObject, places: readonly Place[], scene: Scene): Promise<readonly Place[]> {
  const make = (some: readonly Place[], edit: number): JsonObject =>
    makerOf(() => record, some, scene)(1, { edit, flaw: undefined }, BASE_MS);
  const before = await tried(make([], 0), scene);
  const { pagination } = scene.source;
  const from = pagination.type === "keyset" ? placeOf(pagination.from) : undefined;
  const editable: Place[] = [];
  for (const place of places) {
    const after = await tried(make([place], 1), scene);
    const isSame = after.identity.join("\n") === before.identity.join("\n");
    const isOrdered = from !== undefined && JSON.stringify(from) === JSON.stringify(place);
    if (after.reason === undefined && isSame && !isOrdered && after.mapped !== before.mapped) editable.push(place);
  }
  return editable;
}

/** Where the plain values of a record stand. */
function leafPlaces(value: Json, place: Place): readonly Place[] {
  if (typeof value !== "object" || value === null || isExactNumber(value)) return [place];
  if (Array.isArray(value)) return [];
  return Object.entries(value as JsonObject).flatMap(([name, inner]) =>
    leafPlaces(inner, [...place, { name, index: undefined }]),
  );
}

/** A value as an edit leaves it, of the same kind. */
function edited(value: Json, edit: number): Json {
  if (typeof value === "number") return value + edit;
  if (isExactNumber(value))
    return exactNumber(value.rawJSON.replace(/\d+/, (whole) => String(BigInt(whole) + BigInt(edit))));
  if (typeof value === "boolean") return edit % 2 === 1 ? !value : value;
  if (Array.isArray(value)) return [...(value as readonly Json[]), `edit ${edit}`];
  if (typeof value !== "string") return value;
  if (/^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value)))
    return new Date(Date.parse(value) + edit * 1_000).toISOString();
  if (/^-?\d+(?:\.\d+)?$/.test(value)) return String(Number(value) + edit);
  return value.includes("@") ? `edit-${edit}.${value}` : `${value} (edit ${edit})`;
}
