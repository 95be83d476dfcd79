import { isUsable, middleOf } from "../core/cursor-facts.ts";
import { compareCursors } from "../core/cursor.ts";
import { observeSince } from "../core/cursor-observations.ts";
import { isObject, scalarText, type Json } from "../core/json.ts";
import { trouble, type Observation } from "../core/observation.ts";
import type { CursorSpec } from "../core/sync.ts";
import type { RunContext } from "./context.ts";
import { firstPages, isListed, type FirstPage } from "./first-pages.ts";

/** The cursor values of each page; undefined for a record that has none. */
export const cursorsOf = (
  pages: readonly FirstPage[],
  cursor: CursorSpec,
): Promise<readonly (readonly (string | undefined)[])[]> =>
  Promise.all(
    pages.map(({ page }) =>
      Promise.all(page.records.map(async (item) => (isObject(item) ? textOf(await cursor.read(item)) : undefined))),
    ),
  );

const textOf = (value: Json | undefined): string | undefined =>
  scalarText(value) ?? (value == null ? undefined : JSON.stringify(value));

export interface SinceQuestion {
  readonly cursor: CursorSpec;
  readonly param: string;
  readonly values: readonly (string | undefined)[];
  readonly isAscending: boolean;
}

/** Asks for what has changed since a value in the middle of those that came, so that some records are below it and some are not. */
export async function askSince(
  context: RunContext,
  { cursor, param, values, isAscending }: SinceQuestion,
): Promise<readonly Observation[]> {
  const since = middleOf(cursor.type, values);
  if (since === undefined) return [];
  const orders = values.filter(isUsable(cursor.type)).map((value) => compareCursors(cursor.type, value, since));
  const { pages, broken } = await firstPages(context, async () => undefined, { since, max: 1 });
  const answer = pages.find(isListed) ?? pages[0];
  if (broken !== undefined) {
    const text = `asked from ${since} on with \`${param}\`: ${broken.message} (${broken.code})`;
    return [trouble("cursor", text, "Check `cursor.param`.")];
  }
  if (answer === undefined) return [];
  const [came] = await cursorsOf([answer], cursor);
  return observeSince(cursor, param, {
    since,
    values: came ?? [],
    below: orders.filter((order) => order < 0).length,
    at: orders.filter((order) => order === 0).length,
    isCut: answer.page.next !== undefined && !isAscending,
  });
}
