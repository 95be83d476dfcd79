import type { Place } from "../core/errors.ts";

export type Path = readonly (string | number)[];

/** A config as it was read, before anything is known about its meaning; the same for YAML and TypeScript. */
export interface Document {
  readonly value: unknown;
  /**
   * Where a value is, or the nearest part of the document that there is. `offset` counts characters within a text value;
   * `key` asks for the key's place instead.
   */
  placeOf(path: Path, at?: { readonly offset?: number; readonly key?: boolean }): Place;
  /** The source of a map or list that was written on one line; undefined where there is none. */
  sourceOf(path: Path): string | undefined;
}

/** `syncs.products.source.key`, as a person would write it. */
export function pathText(path: Path): string {
  return path
    .map((part, index) =>
      typeof part === "number"
        ? `[${part}]`
        : `${index === 0 ? "" : "."}${/^[\w$-]+$/.test(part) ? part : `\`${part}\``}`,
    )
    .join("");
}

/** The value at a path; undefined where there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const part of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Readonly<Record<string | number, unknown>>)[part];
  }
  return at;
}
