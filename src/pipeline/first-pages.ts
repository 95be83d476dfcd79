import { EvenkeelError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import type { NextPageSign } from "../core/next-page-sign.ts";
import { PageRules } from "../core/page-rules.ts";
import type { SampledPage } from "../core/paging-observations.ts";
import type { Page, Source } from "../core/source.ts";
import type { RunContext } from "./context.ts";
import { fetchPage } from "./page-fetch.ts";

/** A page of the beginning of a list. */
export interface FirstPage extends SampledPage {
  readonly page: Page;
}

/** The beginning of a list, and what ended it before its time. */
export interface FirstPages {
  readonly pages: readonly FirstPage[];
  /** Those of them that broke no rule. */
  readonly sound: readonly FirstPage[];
  /** Why a run would end here: a rule of reading that is broken, or a page that cannot be had. */
  readonly broken: EvenkeelError | undefined;
  /** What says that the list goes on, though it ends as it is declared. */
  readonly goesOn: NextPageSign | undefined;
  /** The body in which no list was found. */
  readonly brokenBody: Json | undefined;
}

/**
 * Reads the first pages of a list as a run would, by the same rules, and keeps them. Throws EvenkeelError when not even the first can be had for a
 * reason that is none of paging.
 *
 * @param keyOf what tells an item from others; undefined where it has nothing of the kind
 * @param max pages of the list to read, at most
 */
export async function firstPages(
  context: RunContext,
  keyOf: (item: Json) => Promise<string | undefined>,
  { since, max }: { readonly since: string | undefined; readonly max: number },
): Promise<FirstPages> {
  const { sync } = context;
  const met: { brokenBody?: Json | undefined } = {};
  const source: Source = {
    ...sync.source,
    page: async (asked) => {
      const attempt = await sync.source.page(asked);
      if (attempt.kind === "broken") met.brokenBody = attempt.body;
      return attempt;
    },
  };
  // Partial: nothing is asked for ahead of its turn.
  const reading = { ...context, partial: true, sync: { ...sync, source } };
  const isWhole = since === undefined;
  const rules = new PageRules({ sortedBy: undefined, pagesMax: sync.pagesMax, isWhole, paging: source.paging });
  const pages: FirstPage[] = [];
  let position: string | undefined;
  let size: number | undefined;
  let sound = 0;
  let broken: EvenkeelError | undefined;
  do {
    try {
      const fetched = await fetchPage({ position, since, size }, reading);
      const { page } = fetched;
      const keys = await Promise.all(page.records.map(keyOf));
      pages.push({ page, keys, asked: fetched.size ?? source.paging.size, body: page.body });
      const known = keys.filter((key) => key !== undefined);
      rules.accept({ page, items: keys.length, keys: known, cursors: known.map(() => undefined), itemKeys: keys });
      sound = pages.length;
      if (page.next === undefined) rules.conclude(page);
      [position, size] = [page.next, fetched.size];
    } catch (thrown) {
      broken = EvenkeelError.from(thrown);
      const isOfPaging = broken.code.startsWith("READ_") || pages.length > 0;
      if (!isOfPaging || broken.code === "RUN_INTERRUPTED" || broken.code === "INVARIANT") throw broken;
    }
  } while (
    position !== undefined &&
    broken === undefined &&
    pages.filter(isListed).length < max &&
    pages.length < 2 * max
  );
  return { pages, sound: pages.slice(0, sound), broken, goesOn: rules.goesOn, brokenBody: met.brokenBody };
}

/** Whether it is a page of the list, and not one that only leads to others, as that of parents does. */
export const isListed = ({ page }: FirstPage): boolean => page.records.length > 0 || page.begins !== true;
