import type { MappingTree, SyncConfig } from "../config/config.ts";
import { expressionsOfRequest, inputPaths } from "../config/input-paths.ts";
import type { Place } from "./place.ts";

/** Every member of the source's records that the sync reads. */
export function readPlaces({ source, mapping, destination }: SyncConfig): Place[] {
  const found: Place[] = [...source.key, ...(mapping === undefined ? [] : expressionsIn(mapping))].flatMap(inputPaths);
  if (source.pagination.type === "keyset") found.push(...inputPaths(source.pagination.from));
  const { upsert, create, update, find, read, delete: remove } = destination;
  const requests = [upsert, create, update, find, read, remove].filter((each) => each !== undefined);
  // Without a mapping, what an address takes from the mapped record it takes from the source's.
  for (const request of requests)
    for (const text of expressionsOfRequest(request)) {
      if (typeof text === "function") continue;
      if (mapping === undefined && !text.includes("$")) found.push(...inputPaths(text));
      for (const [, path] of text.matchAll(/\$source\.([\p{L}\p{N}_.]+)/gu)) found.push(...inputPaths(path as string));
    }
  const unique = new Map(found.map((place) => [JSON.stringify(place), place]));
  return [...unique.values()];
}

function expressionsIn(tree: MappingTree): readonly (string | number | boolean | null)[] {
  if (typeof tree === "function") return [];
  if (Array.isArray(tree)) return tree.flatMap(expressionsIn);
  if (typeof tree === "object" && tree !== null)
    return Object.values(tree).flatMap((part) => expressionsIn(part as MappingTree));
  return [tree as string | number | boolean | null];
}
