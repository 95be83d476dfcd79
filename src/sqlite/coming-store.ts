import type { Coming } from "../core/coming.ts";
import type { Reference } from "../core/reference.ts";
import { temporaryDatabase } from "./temporary.ts";

const SCHEMA = `
  CREATE TABLE coming (sync TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (sync, key)) WITHOUT ROWID;
  CREATE TABLE waiting (
    number INTEGER PRIMARY KEY, sync TEXT NOT NULL, key TEXT NOT NULL, reason TEXT NOT NULL, waits_for TEXT NOT NULL,
    comes INTEGER NOT NULL DEFAULT 0, UNIQUE (sync, key)
  );
`;

/** Room on the disk for what a plan creates, and what waits for it. */
export function createComing(): Coming {
  const db = temporaryDatabase(SCHEMA);
  const { look, together } = db;
  const add = db.prepare("INSERT OR IGNORE INTO coming (sync, key) VALUES (?, ?)");
  const wait = db.prepare("INSERT OR REPLACE INTO waiting (sync, key, reason, waits_for) VALUES (?, ?, ?, ?)");
  const come = db.prepare(
    `UPDATE waiting SET comes = 1 WHERE sync = ? AND comes = 0 AND NOT EXISTS (
       SELECT 1 FROM json_each(waits_for) AS awaited
         WHERE NOT EXISTS (SELECT 1 FROM coming WHERE sync = value ->> 'sync' AND key = value ->> 'key'))`,
  );
  const follow = db.prepare("INSERT OR IGNORE INTO coming SELECT sync, key FROM waiting WHERE sync = ? AND comes = 1");
  const waiting = db.prepare("SELECT * FROM waiting WHERE sync = ? AND number > ? ORDER BY number LIMIT ?");
  return {
    add: (sync, keys) =>
      together(() => {
        for (const key of keys) add.run(sync, key);
      }),
    wait: (sync, records) =>
      together(() => {
        for (const { key, reason, waitsFor } of records) wait.run(sync, key, reason, JSON.stringify(waitsFor));
      }),
    resolve: (sync) =>
      together(() => {
        while (Number(come.run(sync).changes) > 0) follow.run(sync);
      }),
    waiting: (sync, after, limit) =>
      look(() =>
        waiting.all(sync, after, limit).map((row) => ({
          number: row["number"] as number,
          key: row["key"] as string,
          reason: row["reason"] as string,
          waitsFor: JSON.parse(row["waits_for"] as string) as readonly Reference[],
          comes: row["comes"] === 1,
        })),
      ),
    close: () => db.close(),
  };
}
