import type { JsonObject } from "../core/json.ts";
import type { Version } from "./catalogue.ts";
import type { Row } from "./listing.ts";
import { put, type Place } from "./place.ts";

/** A record in the destination. */
export interface Item {
  /** Counts the records that were ever there. */
  readonly number: number;
  /** What the destination calls it: the id that it gave, or the record's own address. */
  readonly name: string;
  readonly version: Version;
  readonly operation: "create" | "update";
  /** As it was written last. */
  readonly body: string;
  /** As somebody else has left it; undefined when nobody has changed it since it was written. */
  readonly edited?: JsonObject;
  /** Counts what was written to it. */
  readonly tag: number;
  readonly createdMs: number;
}

export interface DestinationRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** A record as the destination shows it. */
export const shownOf = ({ version, edited }: Item): JsonObject => edited ?? version.mapped;

/** The destination's list. Where `id` is no place within a record, records have their own addresses. */
export const rowsOf = (items: readonly Item[], id: Place): readonly Row[] =>
  items.map((item) => ({
    id: item.number,
    changedMs: 0,
    record: id.length === 0 ? shownOf(item) : (put(shownOf(item), id, item.name) as JsonObject),
  }));

/** The member of a record that refers to another one by what the destination calls that, in worlds in which records do. */
export const REFERENCE = "parent";

/** The id that the destination gives a record, where others refer to it by that: known before it is there. */
export const idInWorld = (id: number): string => `i${id}`;

/** Gives ids to new records, besides those that are there. */
export function newIds(refers: boolean, items: ReadonlyMap<string, Item>): (version: Version) => string {
  let number = 0;
  return ({ id }) => {
    const name = refers ? idInWorld(id) : undefined;
    if (name !== undefined && !items.has(name)) return name;
    number += 1;
    return name === undefined ? `i${number}` : `${name}.${number}`;
  };
}

/** What a record refers to, when none of these is called that; undefined where it lacks nothing. */
export function lackedBy({ mapped }: Version, items: Iterable<Item>): string | undefined {
  const parent = mapped[REFERENCE];
  if (typeof parent !== "string") return undefined;
  for (const { name, version } of items)
    if ((version.address === undefined ? name : version.key) === parent) return undefined;
  return parent;
}
