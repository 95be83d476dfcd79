import type { Expression } from "../../core/expression.ts";
import type { PagePosition } from "../../core/source.ts";
import { totalValue } from "./next-value.ts";
import { sizeParams, type Following, type PageAnswer, type Pagination, type SizeParam } from "./pagination.ts";

export interface NumberedOptions {
  readonly param: string;
  readonly size: SizeParam | undefined;
  /** The first page's number, or the first offset. */
  readonly first: number;
  /** Pages for `page`, records for `offset`. */
  readonly total: Expression | undefined;
}

/** A place in a numbered list. */
interface Place {
  /** The page number or offset to ask for. */
  readonly at: number;
  /** The page size under which `at` was counted. */
  readonly size: number | undefined;
  /** A page had as many records as were asked for, so the server honours the size. */
  readonly full: boolean;
  /** The page before had fewer: this one is most likely past the end. */
  readonly short: boolean;
  /** So many records at its start the page before has shown. */
  readonly overlap?: number;
  /** The page before should have been overlapped, and its one record did not allow it. */
  readonly lone?: true;
}

const placeOf = (position: PagePosition | undefined, first: number): Place =>
  position === undefined ? { at: first, size: undefined, full: false, short: false } : (JSON.parse(position) as Place);

/**
 * `?page=3`: the end is the declared total of pages, else an empty page. A short page alone does not end the read: servers cap sizes
 * in silence, and some filter a page after cutting it; one more request is cheaper than lost records.
 */
export function pageNumbers(options: NumberedOptions): Pagination {
  const { param, size: declared, first, total } = options;
  const pageAt = (place: Place, size: number | undefined): number => {
    // P6: after the size was halved, the page is the one on which the same record stands, or an earlier one, never a later one.
    if (place.size === undefined || size === undefined || place.size === size) return place.at;
    return first + Math.floor(((place.at - first) * place.size) / size);
  };
  return {
    paging: {
      type: "page",
      shifts: true,
      resumes: false,
      ...(total === undefined ? {} : { tellsMore: true }),
      size: declared?.param === undefined ? undefined : declared.value,
    },
    address: (position, size) => {
      const page = pageAt(placeOf(position, first), size ?? declared?.value);
      return { kind: "query", params: [[param, page], ...sizeParams(declared, size)] };
    },
    async follow(answer) {
      const size = answer.size ?? declared?.value;
      const place = placeOf(answer.position, first);
      const page = pageAt(place, size);
      if (total !== undefined) {
        const read = await totalValue(total, answer.body);
        if ("reason" in read) return { kind: "broken", reason: read.reason };
        return page - first + 1 < read.count
          ? next({ at: page + 1, size, full: false, short: false })
          : { kind: "end" };
      }
      return answer.records.length === 0 ? { kind: "end" } : next({ at: page + 1, ...fullness(answer, place, size) });
    },
    mayBePastEnd: (position) => isPastEnd(placeOf(position, first)),
  };
}

export interface OffsetOptions extends NumberedOptions {
  /** So many records of a page, but at most half of it, are asked for again with the next one (P9). */
  readonly overlap: number;
}

/**
 * `?offset=300`: advances by the records that came, so a size capped in silence skips nothing. The end is the declared total of
 * records, else a page without any that is new.
 */
export function offsets(options: OffsetOptions): Pagination {
  const { param, size: declared, first, total, overlap } = options;
  const size = declared?.param === undefined ? undefined : declared.value;
  return {
    paging: {
      type: "offset",
      shifts: true,
      resumes: false,
      size,
      ...(total === undefined ? {} : { tellsMore: true }),
      ...(overlap > 0 ? { overlaps: true } : {}),
    },
    address: (position, size) => ({
      kind: "query",
      params: [[param, placeOf(position, first).at], ...sizeParams(declared, size)],
    }),
    async follow(answer) {
      const place = placeOf(answer.position, first);
      const { length } = answer.records;
      const shared = {
        ...(place.overlap === undefined ? {} : { overlap: place.overlap }),
        ...(place.lone === true && length > 0 ? { unproven: true as const } : {}),
      };
      const end = place.at + length;
      // Half of each page is new, whatever size the source or P6 makes it.
      const again = Math.min(overlap, Math.floor(length / 2));
      const isLone = overlap > 0 && again === 0;
      const then = {
        at: end - again,
        ...(again > 0 ? { overlap: again } : {}),
        ...(isLone ? { lone: true as const } : {}),
      };
      const isStale = length <= (place.overlap ?? 0);
      if (total === undefined)
        return isStale
          ? { kind: "end", ...shared }
          : { ...next({ ...then, ...fullness(answer, place, answer.size ?? declared?.value) }), ...shared };
      const read = await totalValue(total, answer.body);
      if ("reason" in read) return { kind: "broken", reason: read.reason };
      return end - first >= read.count || isStale
        ? { kind: "end", total: read.count, ...shared }
        : { ...next({ ...then, size: undefined, full: false, short: false }), total: read.count, ...shared };
    },
    mayBePastEnd: (position) => isPastEnd(placeOf(position, first)),
  };
}

const next = (place: Place): Extract<Following, { kind: "next" }> => ({
  kind: "next",
  position: JSON.stringify(place),
});

function fullness(
  { records }: PageAnswer,
  before: Place,
  size: number | undefined,
): Pick<Place, "size" | "full" | "short"> {
  if (size === undefined) return { size, full: false, short: false };
  return { size, full: before.full || records.length >= size, short: records.length < size };
}

const isPastEnd = ({ full, short }: Place): boolean => full && short;
