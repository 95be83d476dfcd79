import { EvenkeelError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import type { FlawedParent, Page } from "../core/source.ts";

export const parentUnusable = (key: string | undefined, reason: string, body: Json): FlawedParent => ({
  reason: `it is a parent${key === undefined ? "" : `, ${key}`}, and its list was not read: ${reason}`,
  body,
});

/** How messages call a list of children. */
export const listOfParent = (key: string): string => `the list of the parent ${key}`;

export const FIRST_LIST_GONE =
  "A parent whose list is not there counts as one without records, once some other list was there; where the first one is not, its address is more likely wrong. Check `request`; if this parent really has no list, leave such parents out with `parents.filter`.";

export const PAGE_GONE =
  "Its first page was there, so it has not gone: run again; if it comes to this every time, check the list's `pagination`.";

/** An error of one list, with whose it is. */
export const withParent = (error: EvenkeelError, key: string): EvenkeelError =>
  new EvenkeelError(error.code, `${listOfParent(key)}: ${error.message}`, {
    ...(error.next === undefined ? {} : { next: error.next }),
    ...(error.evidence === undefined ? {} : { evidence: error.evidence }),
  });

export const memberTaken = (connection: string, as: string, { evidence }: Page): EvenkeelError =>
  new EvenkeelError("READ_RECORDS_MISSING", `records of ${connection} have a member \`${as}\` of their own`, {
    evidence,
    next: "Give the parent another name: `parents: { as: ... }`.",
  });

export const cutShort = (
  connection: string,
  key: string,
  total: number,
  count: number,
  { evidence }: Page,
): EvenkeelError =>
  new EvenkeelError(
    "READ_TOTAL_DISAGREES",
    `${connection} announces ${total} records of the parent ${key} and ended after ${count}`,
    {
      evidence,
      next: "If the total counts something else, leave `pagination.total` out; otherwise the source cut the list short: run again.",
    },
  );
