import { isExactNumber, type Json } from "./json.ts";

interface Watched {
  readonly text: string;
  readonly steps: readonly string[];
}

/**
 * Paths that some record should have. A path is looked for until it was there once, so that those that all records have cost one look; one that
 * begins with an absent one is not told besides it.
 */
export class WatchedPaths {
  readonly #texts = new Set<string>();
  #unseen: readonly Watched[] = [];
  #hasLooked = false;

  watch(text: string, steps: readonly string[]): void {
    if (this.#texts.has(text)) return;
    this.#texts.add(text);
    this.#unseen = [...this.#unseen, { text, steps }];
  }

  look(record: Json): void {
    this.#hasLooked = true;
    if (this.#unseen.length > 0) this.#unseen = this.#unseen.filter(({ steps }) => !isThere(record, steps, 0));
  }

  /** Those that no record has had; none before any was looked at. */
  get absent(): readonly string[] {
    if (!this.#hasLooked) return [];
    const beginsWith = (path: Watched, other: Watched): boolean =>
      other.steps.length < path.steps.length && other.steps.every((step, index) => step === path.steps[index]);
    return this.#unseen
      .filter((path) => !this.#unseen.some((other) => beginsWith(path, other)))
      .map(({ text }) => text);
  }
}

/** Through a list, when one of its items has it, or there is none that could. */
function isThere(value: Json, steps: readonly string[], at: number): boolean {
  const step = steps[at];
  if (step === undefined) return true;
  if (typeof value !== "object" || value === null || isExactNumber(value)) return false;
  if (Array.isArray(value)) return value.length === 0 || value.some((item: Json) => isThere(item, steps, at));
  return Object.hasOwn(value, step) && isThere((value as Readonly<Record<string, Json>>)[step] as Json, steps, at + 1);
}
