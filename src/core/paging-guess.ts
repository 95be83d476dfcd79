import type { LikelyPagination } from "./paging-clue.ts";

/** A parameter for the size of a page, and the parameters that go with it to ask for another page. */
export interface SizeFamily {
  readonly size: string;
  readonly steps: readonly (readonly [type: "page" | "offset", param: string])[];
}

/** What APIs call them, in the order in which they are tried where an answer gives nothing away. */
export const SIZE_FAMILIES: readonly SizeFamily[] = [
  {
    size: "limit",
    steps: [
      ["offset", "offset"],
      ["page", "page"],
      ["offset", "skip"],
      ["offset", "start"],
    ],
  },
  { size: "per_page", steps: [["page", "page"]] },
  { size: "page_size", steps: [["page", "page"]] },
  {
    size: "pageSize",
    steps: [
      ["page", "page"],
      ["page", "pageNumber"],
    ],
  },
  {
    size: "_limit",
    steps: [
      ["page", "_page"],
      ["offset", "_start"],
    ],
  },
  { size: "_per_page", steps: [["page", "_page"]] },
  { size: "size", steps: [["page", "page"]] },
  { size: "perPage", steps: [["page", "page"]] },
  { size: "page[size]", steps: [["page", "page[number]"]] },
  { size: "maxResults", steps: [["offset", "startAt"]] },
  { size: "rows", steps: [["offset", "start"]] },
  { size: "top", steps: [["offset", "skip"]] },
  {
    size: "count",
    steps: [
      ["offset", "offset"],
      ["page", "page"],
    ],
  },
];

/** OData's own, which other APIs refuse. */
export const ODATA_FAMILY: SizeFamily = { size: "$top", steps: [["offset", "$skip"]] };

/** Without a size of their own: where a page has the size that the API chooses. */
export const UNSIZED_STEPS: readonly (readonly [type: "page" | "offset", param: string])[] = [
  ["page", "page"],
  ["offset", "offset"],
];

const FAMILIES = [...SIZE_FAMILIES, ODATA_FAMILY];

/** How an address asks for a page already, by its parameters. */
export interface AskedPaging {
  readonly family: SizeFamily | undefined;
  readonly size: number | undefined;
  /** Parameters of paging, which a pagination sets by itself. */
  readonly params: readonly string[];
}

/** The paging in the query of an address that somebody copied: `?page=1&per_page=20`. */
export function askedPaging(query: Readonly<Record<string, readonly string[]>>): AskedPaging {
  const number = (name: string): number | undefined => {
    const [text, ...more] = query[name] ?? [];
    return text !== undefined && more.length === 0 && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
  };
  const steps = new Set([...FAMILIES.flatMap((family) => family.steps), ...UNSIZED_STEPS].map(([, param]) => param));
  const stepped = [...steps].filter((param) => number(param) !== undefined);
  const sized = FAMILIES.filter(({ size }) => number(size) !== undefined);
  const family = sized.find((each) => each.steps.some(([, param]) => stepped.includes(param))) ?? sized[0];
  return {
    family,
    size: family && number(family.size),
    params: [...stepped, ...(family === undefined ? [] : [family.size])],
  };
}

/** The same query from the beginning of its list: an address that was copied may be that of a later page. */
export function fromTheBeginning(query: Readonly<Record<string, readonly string[]>>): typeof query {
  const { family, params } = askedPaging(query);
  const types = new Map([...(family?.steps ?? []), ...UNSIZED_STEPS].map(([type, param]) => [param, type]));
  return Object.fromEntries(
    Object.entries(query).map(([name, values]) => {
      const type = params.includes(name) ? types.get(name) : undefined;
      const first = type === "offset" ? "0" : Number(values[0]) > 1 ? "1" : (values[0] ?? "");
      return [name, type === undefined ? values : [first]];
    }),
  );
}

/** The paginations of a family, with pages of so many records. Pages are counted from 1, or from 0. */
export function paginationsOf({ size, steps }: SizeFamily, value: number): readonly LikelyPagination[] {
  return steps.flatMap(([type, param]): readonly LikelyPagination[] => {
    const sized = { type, param, size: { param: size, value } } as const;
    return type === "offset" ? [sized] : [sized, { ...sized, first: 0 }];
  });
}

/**
 * Parameters that ask for what has changed, for a field of that name, in groups that can be asked with together. What stands in brackets is an
 * object to some APIs, and the field's own value to others, so it is asked with by itself.
 */
export const sinceParams = (field: string): readonly (readonly string[])[] => [
  [...["_gte", "_since", "_after", "_from", "_min"].map((end) => field + end), ...SINCE_PARAMS],
  [`${field}[gte]`],
];

const SINCE_PARAMS: readonly string[] = [
  "updated_since",
  "updatedSince",
  "updated_after",
  "updatedAfter",
  "updated_at_min",
  "modified_since",
  "modifiedSince",
  "modified_after",
  "modifiedAfter",
  "changed_since",
  "since",
];
