import { fit, padEnd, padStart, widthOf } from "./width.ts";

export interface Column {
  readonly title: string;
  readonly right?: boolean;
}

const GAP = "  ";

/** Rows in aligned columns, without rules. Where they are too wide for the terminal, the last column gives way. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly string[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[index] ?? ""))),
  );
  const last = columns.length - 1;
  const before = widths.slice(0, last).reduce((sum, each) => sum + each + GAP.length, 0);
  const lastWidth = Math.min(widths[last] ?? 0, Math.max(width - before, LAST_MIN));
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ right }, index) => {
        const cell = index === last ? fit(cells[index] ?? "", lastWidth) : (cells[index] ?? "");
        const columnWidth = index === last ? lastWidth : (widths[index] ?? 0);
        return right === true ? padStart(cell, columnWidth) : padEnd(cell, columnWidth);
      })
      .join(GAP)
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...rows.map(line)];
}

/** Below this the last column says nothing any more; a terminal so narrow wraps. */
const LAST_MIN = 8;
