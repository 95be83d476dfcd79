import type { ErrorCode, Place } from "../core/errors.ts";

export type Path = readonly (string | number)[];

/** One thing that is wrong with a config. */
export interface Problem {
  readonly code: ErrorCode;
  /** What is wrong, with the path of the key. */
  readonly message: string;
  /** What to do about it, as a sentence. */
  readonly next?: string;
  readonly place: Place;
  readonly path: Path;
}

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
