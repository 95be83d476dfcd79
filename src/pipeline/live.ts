import { EvenkeelError } from "../core/errors.ts";
import { isObject, type Json } from "../core/json.ts";
import { PageRules } from "../core/page-rules.ts";
import type { KeyReading } from "../core/record.ts";
import type { Live } from "../core/sync.ts";
import type { RunContext } from "./context.ts";
import { fetchPage } from "./page-fetch.ts";

/** An item of the destination's list. */
export interface ListedItem {
  /** Undefined where the item has no usable value to be matched by. */
  readonly match: string | undefined;
  readonly item: Json;
}

/** The destination's list, to its declared end, by the rules of any read (P4, P5). */
export async function* livePages(live: Live, context: RunContext): AsyncGenerator<readonly ListedItem[]> {
  const { sync } = context;
  const retry = { ...sync.retry, source: sync.retry.destination };
  const reading = { ...context, sync: { ...sync, source: live.source, retry } };
  const { paging } = live.source;
  const rules = new PageRules({ sortedBy: undefined, pagesMax: sync.pagesMax, isWhole: true, paging });
  let position: string | undefined;
  let size: number | undefined;
  const counted = { listed: 0, passed: 0 };
  do {
    const fetched = await fetchPage({ position, since: undefined, size }, reading);
    const { page } = fetched;
    const items = await Promise.all(
      page.records.map(async (item): Promise<ListedItem> => {
        const match = isObject(item) ? await live.match(item) : undefined;
        return { match: match?.ok === true ? match.key : undefined, item };
      }),
    );
    const itemKeys = items.map(({ match }) => match);
    const keys = itemKeys.filter((key) => key !== undefined);
    const facts = { page, items: items.length, keys, cursors: keys.map(() => undefined), itemKeys };
    for (const { code, message, next } of rules.accept(facts))
      context.say({ type: "warning", code, message: `the destination's list: ${message}`, next });
    if (rules.isCut && page.next === undefined)
      context.notLevel("the destination's list has more pages than were read");
    context.counts.pages += 1;
    const fresh = items.slice(page.overlap ?? 0);
    const passed = live.filter === undefined ? fresh : await counting(fresh, live.filter);
    counted.listed += fresh.length;
    counted.passed += passed.length;
    yield passed;
    if (page.next === undefined) rules.conclude(page);
    [position, size] = [page.next, fetched.size];
  } while (position !== undefined);
  if (counted.passed > 0 || counted.listed === 0) return;
  context.say({
    type: "warning",
    code: "LIST_FILTERED",
    message: `the destination's list: \`filter\` lets no record pass (${counted.listed} listed)`,
    next: "Compare it with a listed record: a field that is not there makes every comparison false.",
  });
}

/** Those that count. Throws EvenkeelError when that cannot be told of one: it may be what is looked for. */
async function counting(
  items: readonly ListedItem[],
  filter: NonNullable<Live["filter"]>,
): Promise<readonly ListedItem[]> {
  const counts = await Promise.all(items.map(async ({ item }) => !isObject(item) || (await filter(item)) === true));
  return items.filter((_, index) => counts[index]);
}

/** Why a record cannot be the same as any of the other side. */
export const whyUnmatched = ({ reason }: Extract<KeyReading, { ok: false }>): string =>
  `it has no value to be matched by: ${reason.replace(/^its key /, "the match ")}`;

/** Why what takes the whole destination cannot be done. */
export const noList = (sync: string, so: string, otherwise: string): EvenkeelError =>
  new EvenkeelError("USAGE", `the destination of ${sync} declares no \`list\`, so ${so}`, {
    next: `Declare it with the paging that it has, such as \`${LIST}\`, or ${otherwise}.`,
  });

/** What a declaration may look like. */
export const READ = "read: GET /items/{sku}";
export const LIST = "list: { request: GET /items, records: data, key: sku, pagination: { type: page, param: page } }";
