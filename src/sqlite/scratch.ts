import type { Json } from "../core/json.ts";
import type { DesiredRecord } from "../core/record.ts";
import type { Expected, Extra, Scratch } from "../core/scratch.ts";
import type { Row } from "./database.ts";
import { pack, unpack } from "./packed.ts";
import { temporaryDatabase } from "./temporary.ts";

// Matches are mostly random: only the index is in their order, the records are appended.
const SCHEMA = `
  CREATE TABLE expected (match TEXT NOT NULL, key TEXT NOT NULL, record BLOB NOT NULL, state TEXT NOT NULL);
  CREATE UNIQUE INDEX expected_by_match ON expected (match);
  CREATE INDEX expected_by_key ON expected (key);
  CREATE TABLE extras (number INTEGER PRIMARY KEY, match TEXT NOT NULL UNIQUE, item BLOB NOT NULL);
`;

/** Room on the disk for what two sides are compared with. */
export function createScratch(): Scratch {
  const db = temporaryDatabase(SCHEMA);
  const { look, together } = db;
  const insert = db.prepare(
    `INSERT INTO expected (match, key, record, state) VALUES (?, ?, ?, 'missing')
       ON CONFLICT (match) DO UPDATE SET record = excluded.record WHERE key = excluded.key`,
  );
  const remove = db.prepare("DELETE FROM expected WHERE key IN (SELECT value FROM json_each(?))");
  const among = db.prepare("SELECT * FROM expected WHERE match IN (SELECT value FROM json_each(?))");
  const mark = db.prepare("UPDATE expected SET state = ? WHERE match IN (SELECT value FROM json_each(?))");
  const astray = db.prepare("SELECT * FROM expected WHERE state <> 'equal' AND match > ? ORDER BY match LIMIT ?");
  const insertExtra = db.prepare("INSERT OR IGNORE INTO extras (match, item) VALUES (?, ?)");
  const dropExtras = db.prepare("DELETE FROM extras WHERE match IN (SELECT value FROM json_each(?))");
  const extras = db.prepare("SELECT * FROM extras WHERE number > ? ORDER BY number LIMIT ?");
  return {
    put: (expected) =>
      together(() =>
        expected.filter(({ match, record }) => Number(insert.run(match, record.key, pack(record)).changes) === 0),
      ),
    remove: (keys) => together(() => void remove.run(JSON.stringify(keys))),
    among: (matches) =>
      look(() => {
        const rows = among.all(JSON.stringify(matches)).map(expectedOf);
        return new Map(rows.map((row) => [row.match, row]));
      }),
    mark: (matches, state) => together(() => void mark.run(state, JSON.stringify(matches))),
    astray: (after, limit) => look(() => astray.all(after, limit).map(expectedOf)),
    addExtras: (added) =>
      together(() => {
        for (const { match, item } of added) insertExtra.run(match, pack(item));
      }),
    dropExtras: (matches) => together(() => void dropExtras.run(JSON.stringify(matches))),
    extras: (after, limit) => look(() => extras.all(after, limit).map(extraOf)),
    close: () => db.close(),
  };
}

const expectedOf = (row: Row): Expected => ({
  match: row["match"] as string,
  record: unpack<DesiredRecord>(row["record"]),
  state: row["state"] as Expected["state"],
});

const extraOf = (row: Row): Extra => ({
  number: row["number"] as number,
  match: row["match"] as string,
  item: unpack<Json>(row["item"]),
});
