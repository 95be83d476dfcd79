import LinkHeader from "http-link-header";
import type { Expression } from "../../core/expression.ts";
import { scalarText } from "../../core/json.ts";
import type { PagePosition, Paging } from "../../core/source.ts";
import { nextValue, type NextPage } from "./next-value.ts";
import { sizeParams, type Following, type PageAnswer, type Pagination, type SizeParam } from "./pagination.ts";

const never = (): boolean => false;
const next = (value: string): Following => ({ kind: "next", position: JSON.stringify(value) });
const textOf = (position: PagePosition): string => JSON.parse(position) as string;

/** One page is all there is, as is declared, or assumed where nothing is. */
export function singlePage(isDeclared: boolean): Pagination {
  return {
    paging: {
      type: "none",
      shifts: false,
      resumes: true,
      size: undefined,
      ...(isDeclared ? { isEndDeclared: true } : {}),
    },
    address: () => ({ kind: "query", params: [] }),
    follow: () => ({ kind: "end" }),
    mayBePastEnd: never,
  };
}

const tellingOf = ({ more, isMoreDeclared }: NextPage): Pick<Paging, "tellsMore" | "isEndDeclared"> => ({
  ...(more === undefined ? {} : { tellsMore: true }),
  ...(isMoreDeclared ? { isEndDeclared: true } : {}),
});

/** `?cursor=...`: the answer names the next page's token; without one, it was the last. */
export function cursorTokens(
  options: NextPage & { readonly param: string; readonly size: SizeParam | undefined },
): Pagination {
  return {
    paging: {
      type: "cursor",
      ...tellingOf(options),
      shifts: false,
      resumes: true,
      size: options.size?.param === undefined ? undefined : options.size.value,
    },
    address: (position, size) => ({
      kind: "query",
      params: [
        ...(position === undefined ? [] : [[options.param, textOf(position)] as const]),
        ...sizeParams(options.size, size),
      ],
    }),
    async follow(answer) {
      const value = await nextValue(options, answer);
      if (value.kind === "value") return next(value.text);
      return value.kind === "absent" ? { kind: "end" } : value;
    },
    mayBePastEnd: never,
  };
}

/** `?after_id=...`: the next page begins after the last record's value; an empty page is the end. */
export function keysets(options: {
  readonly param: string;
  readonly from: Expression;
  readonly size: SizeParam | undefined;
}): Pagination {
  return {
    paging: {
      type: "keyset",
      shifts: false,
      resumes: true,
      size: options.size?.param === undefined ? undefined : options.size.value,
    },
    address: (position, size) => ({
      kind: "query",
      params: [
        ...(position === undefined ? [] : [[options.param, textOf(position)] as const]),
        ...sizeParams(options.size, size),
      ],
    }),
    async follow({ records }) {
      const last = records.at(-1);
      if (last === undefined) return { kind: "end" };
      const text = scalarText(await options.from.evaluate(last));
      return text === undefined || text === ""
        ? { kind: "broken", reason: `the last record of the page has no \`${options.from.text}\` to go on from` }
        : next(text);
    },
    mayBePastEnd: never,
  };
}

/** A list whose next page has an address of its own: in the body, or in a `Link` header (RFC 8288). */
function addressed(
  paging: Pick<Paging, "type" | "tellsMore">,
  size: SizeParam | undefined,
  read: (answer: PageAnswer) => Following | Promise<Following>,
): Pagination {
  return {
    paging: { ...paging, shifts: false, resumes: true, size: undefined },
    address: (position, asked) =>
      position === undefined
        ? { kind: "query", params: sizeParams(size, asked) }
        : { kind: "url", url: textOf(position) },
    follow: read,
    mayBePastEnd: never,
  };
}

export function nextUrls(options: NextPage & { readonly size: SizeParam | undefined }): Pagination {
  return addressed({ type: "nextUrl", ...tellingOf(options) }, options.size, async (answer) => {
    const value = await nextValue(options, answer);
    if (value.kind === "broken") return value;
    return value.kind === "absent" ? { kind: "end" } : resolved(value.text, answer.url);
  });
}

export function links(options: { readonly size: SizeParam | undefined }): Pagination {
  return addressed({ type: "link", tellsMore: true }, options.size, ({ headers, url }) => {
    const field = headers["link"];
    if (field === undefined || field.trim() === "") return { kind: "end" };
    let target: string | undefined;
    try {
      target = LinkHeader.parse(field).rel("next")[0]?.uri;
    } catch {
      return { kind: "broken", reason: `the Link header cannot be read: ${field.slice(0, 200)}` };
    }
    if (target !== undefined) return resolved(target, url);
    // P5: a field that speaks of a next page and gives none was not understood; ending here would lose the rest.
    const speaksOfNext = /;\s*rel\s*=\s*"?[^",;]*\bnext\b/i.test(field.replaceAll(/<[^>]*>/g, "<>"));
    return speaksOfNext
      ? { kind: "broken", reason: `the Link header cannot be read: ${field.slice(0, 200)}` }
      : { kind: "end" };
  });
}

/** A relative address counts from the page that named it (RFC 3986, 5.2). Whether it may be followed is the source's to check (S3). */
function resolved(target: string, from: string): Following {
  return URL.canParse(target, from)
    ? next(new URL(target, from).href)
    : { kind: "broken", reason: `the next page's address cannot be read: ${target.slice(0, 200)}` };
}
