import type { Json } from "../core/json.ts";
import { SHOWN_MAX, type Listed, type Pair, type Pairing, type Unmapped } from "../core/pairing.ts";
import type { DesiredRecord } from "../core/record.ts";
import type { Row } from "./database.ts";
import { pack, unpack } from "./packed.ts";
import { temporaryDatabase } from "./temporary.ts";

const SCHEMA = `
  CREATE TABLE records (key TEXT PRIMARY KEY, match TEXT NOT NULL, round INTEGER NOT NULL, record BLOB NOT NULL);
  CREATE INDEX records_by_match ON records (match);
  CREATE INDEX records_by_round ON records (round, key);
  CREATE TABLE unmapped (key TEXT PRIMARY KEY, record BLOB NOT NULL);
  CREATE TABLE listed (place TEXT PRIMARY KEY, match TEXT NOT NULL, item BLOB NOT NULL);
  CREATE INDEX listed_by_match ON listed (match);
`;

/** Room on the disk in which the records of both sides find each other. */
export function createPairing(): Pairing {
  const db = temporaryDatabase(SCHEMA);
  const { look, together } = db;
  const putRecord = db.prepare("INSERT OR REPLACE INTO records (key, match, round, record) VALUES (?, ?, ?, ?)");
  const putUnmapped = db.prepare("INSERT OR REPLACE INTO unmapped (key, record) VALUES (?, ?)");
  const removals = ["records", "unmapped"].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE key IN (SELECT value FROM json_each(?))`),
  );
  const forget = (keys: readonly string[]): void => {
    for (const removal of removals) removal.run(JSON.stringify(keys));
  };
  const unmapped = db.prepare("SELECT record FROM unmapped WHERE key > ? ORDER BY key LIMIT ?");
  const putListed = db.prepare("INSERT OR REPLACE INTO listed (place, match, item) VALUES (?, ?, ?)");
  const records = db.prepare("SELECT * FROM records WHERE round = ? AND key > ? ORDER BY key LIMIT ?");
  const rivals = db.prepare(`SELECT key FROM records WHERE match = ? AND key <> ? LIMIT ${SHOWN_MAX}`);
  const listed = db.prepare(`SELECT * FROM listed WHERE match = ? LIMIT ${SHOWN_MAX}`);
  const strangers = db.prepare(
    `SELECT place, match FROM listed WHERE place > ?
       AND NOT EXISTS (SELECT 1 FROM records WHERE records.match = listed.match) ORDER BY place LIMIT ?`,
  );
  let round = 1;
  const pairOf = (row: Row): Pair => {
    const [key, match] = [row["key"] as string, row["match"] as string];
    return {
      match,
      record: unpack<DesiredRecord>(row["record"]),
      rivals: rivals.all(match, key).map((rival) => rival["key"] as string),
      listed: listed.all(match).map(listedOf),
    };
  };
  return {
    addRecords: (added) =>
      together(() => {
        forget(added.map(({ record }) => record.key));
        for (const { match, record } of added) putRecord.run(record.key, match, round, pack(record));
      }),
    addUnmapped: (added) =>
      together(() => {
        forget(added.map(({ key }) => key));
        for (const record of added) putUnmapped.run(record.key, pack(record));
      }),
    unmapped: (after, limit) => look(() => unmapped.all(after, limit).map((row) => unpack<Unmapped>(row["record"]))),
    removeRecords: (keys) => together(() => forget(keys)),
    addListed: (added) =>
      together(() => {
        for (const { place, match, item } of added) putListed.run(place, match, pack(item));
      }),
    nextRound: () => void (round += 1),
    pairs: (after, limit) => look(() => records.all(round, after, limit).map(pairOf)),
    strangers: (after, limit) =>
      look(() =>
        strangers.all(after, limit).map((row) => ({ place: row["place"] as string, match: row["match"] as string })),
      ),
    close: () => db.close(),
  };
}

const listedOf = (row: Row): Listed => ({
  place: row["place"] as string,
  match: row["match"] as string,
  item: unpack<Json>(row["item"]),
});
