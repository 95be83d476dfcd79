import type { Paging } from "./source.ts";

type Declared = Pick<Paging, "type" | "tellsMore" | "records">;

/** What to do about a list whose pages are empty without an end. */
export function emptyAdvice({ type, tellsMore, records = "$" }: Declared): string {
  if (tellsMore === true || !isFollowed(type))
    return "The source never says that the list has ended: check `pagination` and `records`.";
  return `Declare what tells the end. If an empty page does, since \`next\` is never absent: \`pagination.more: $count(${records}) > 0\`. If the answer says whether there is more: \`more\` with that, and empty pages may come.`;
}

/** What to do about a page that shows what others have shown: it was not taken for what it is, or the last one comes for ever. */
export function repeatedAdvice({ type }: Declared): string {
  const param =
    "The source seems to ignore the page parameter, or to repeat its last page for ever: check `pagination.param`";
  switch (type) {
    case "page":
    case "offset":
      return `${param}, or declare \`pagination.total\`.`;
    case "cursor":
      return `${param}, or declare \`pagination.more\`, which says whether there is a next page.`;
    case "keyset":
      return `${param}.`;
    case "nextUrl":
      return "The source seems to name its last page as the next one for ever: check `pagination.next`, or declare `pagination.more`, which says whether there is a next page.";
    case "link":
    case "none":
      return "The source names further pages that have nothing new: ask for an order that does not change (a `query` such as `sort: id`), or look into its documentation for another pagination.";
  }
}

const isFollowed = (type: Paging["type"]): boolean => type === "cursor" || type === "nextUrl";
