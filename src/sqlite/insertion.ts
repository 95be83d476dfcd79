import type { SQLInputValue } from "node:sqlite";
import type { Database } from "./database.ts";

/** Rows of one statement. A call costs as much as storing a short row; beyond this number there is little left of it to save. */
const ROWS = 16;

export type InputRow = readonly SQLInputValue[];

/**
 * Prepares the insertion of many rows, several a statement. `into` is the statement as far as `VALUES`. The function returns the row ids, which
 * follow each other in a table with one writer.
 */
export function insertion(database: Database, into: string, columns: number): (rows: readonly InputRow[]) => number[] {
  const row = `(${Array(columns).fill("?").join(", ")})`;
  const one = database.prepare(`${into} VALUES ${row}`);
  const several = database.prepare(`${into} VALUES ${Array(ROWS).fill(row).join(", ")}`);
  const values = Array<SQLInputValue>(columns * ROWS).fill(null);
  return (rows) => {
    const ids: number[] = [];
    let at = 0;
    for (; at + ROWS <= rows.length; at += ROWS) {
      for (let index = 0; index < values.length; index++)
        values[index] = rows[at + Math.trunc(index / columns)]?.[index % columns] as SQLInputValue;
      const last = Number(several.run(...values).lastInsertRowid);
      for (let id = last - ROWS + 1; id <= last; id++) ids.push(id);
    }
    for (; at < rows.length; at++) ids.push(Number(one.run(...(rows[at] as InputRow)).lastInsertRowid));
    return ids;
  };
}
