import type { Paging } from "../core/source.ts";

/** What the lists of all parents can promise together. */
export function pagingOf(parents: Paging, children: Paging): Paging {
  const { overlaps: _, ...own } = children;
  const shifts = parents.shifts || children.shifts;
  const isProved = [parents, children].every((paging) => !paging.shifts || paging.overlaps === true);
  const isUnpaged = [parents, children].some(({ type }) => type === "none");
  return { ...own, shifts, resumes: parents.resumes, isUnpaged, ...(isProved ? { overlaps: true } : {}) };
}
