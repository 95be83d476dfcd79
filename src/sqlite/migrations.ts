import { EvenkeelError } from "../core/errors.ts";
import type { Database } from "./database.ts";

/** Marks the file as ours (SQLite's `application_id`): "Even". */
const APPLICATION_ID = 0x4576656e;

/**
 * Each step takes the schema from its index to the next version (SQLite's `user_version`). A released step is never changed:
 * what follows it is a new one. SQLite keeps the notes, so `sqlite3 state.db .schema` shows them.
 */
export const STEPS: readonly string[] = [
  `
  CREATE TABLE syncs (
    id INTEGER PRIMARY KEY,         -- stands for the name in every other table
    name TEXT NOT NULL UNIQUE,      -- as in the config
    history_trimmed_to TEXT NOT NULL DEFAULT '' -- key after which the next trimming of the history goes on
  );

  CREATE TABLE lease (              -- one row: who last had the right to write
    id INTEGER PRIMARY KEY CHECK (id = 1),
    fence INTEGER NOT NULL,         -- grows with each lease; every writing transaction compares it with its own
    pid INTEGER NOT NULL,           -- the holder, for the message that another process gets
    host TEXT NOT NULL,
    started_ms INTEGER NOT NULL,    -- wall clock, like all times here: ms since 1970
    purpose TEXT NOT NULL           -- in words: the command
  );

  CREATE TABLE entries (            -- what the destination is known to hold, one row a key
    sync INTEGER NOT NULL,
    key TEXT NOT NULL,              -- source key
    key_kind TEXT NOT NULL,         -- n (number) or t (text) for each part of the key
    destination_id TEXT,            -- id that the destination assigned
    address TEXT,                   -- rendered address, where the record has its own
    hash TEXT,                      -- SHA-256 of the content last applied, base64url; null: not known, never planned as unchanged
    source_version TEXT,            -- cursor value of the version last applied
    etag TEXT,                      -- of the answer that applied it
    operation INTEGER NOT NULL,     -- number of the operation that wrote the row
    read INTEGER NOT NULL,          -- number of the read that wrote the row
    PRIMARY KEY (sync, key)
  ) WITHOUT ROWID;
  CREATE INDEX entries_by_address ON entries (sync, address) WHERE address IS NOT NULL;

  CREATE TABLE bodies (             -- content last applied; empty with \`state.bodies: false\`
    sync INTEGER NOT NULL,
    key TEXT NOT NULL,
    body BLOB NOT NULL,             -- mapped record: JSON as text, or deflated (RFC 1951) when long
    PRIMARY KEY (sync, key)
  ) WITHOUT ROWID;

  CREATE TABLE operations (         -- unresolved ones alone; a row is the mark that the destination may hold either version
    number INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice
    sync INTEGER NOT NULL,
    run INTEGER NOT NULL,           -- the run that journalled it
    key TEXT NOT NULL,
    key_kind TEXT NOT NULL,
    kind TEXT NOT NULL,             -- create, update, delete
    state TEXT NOT NULL,            -- sent, unknown, parked, waiting, verifying
    hash TEXT NOT NULL,             -- of the content that it writes
    source_version TEXT,            -- cursor value of the version that it writes
    address TEXT,
    destination_id TEXT,
    idempotency_key TEXT,           -- chosen before the first byte left
    progress TEXT NOT NULL,         -- JSON: attempts, times, what the last one came to
    held BLOB                       -- source record, mapped record and bytes, as JSON like bodies.body; null: a re-read plans it anew
  );
  -- One that is under way and one that waits behind it (U2).
  CREATE UNIQUE INDEX operations_by_key ON operations (sync, key, state = 'waiting');
  CREATE INDEX operations_by_address ON operations (sync, address) WHERE address IS NOT NULL;

  CREATE TABLE rejects (            -- dead letters: one a record, the last refusal
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sync INTEGER NOT NULL,
    run INTEGER NOT NULL,           -- the run that last met it
    kind TEXT NOT NULL,             -- invalid (refused before sending), rejected (by the destination)
    key TEXT,                       -- null: the record has no usable key and is told apart by its content
    code TEXT NOT NULL,
    reason TEXT NOT NULL,           -- in words
    source BLOB,                    -- source record, as JSON like bodies.body
    source_hash TEXT NOT NULL,      -- SHA-256 of the source record
    mapping TEXT NOT NULL,          -- fingerprint of the mapping that was in force
    evidence BLOB,                  -- request and answer, redacted, as JSON like bodies.body
    at_ms INTEGER NOT NULL,         -- when it was last refused
    times INTEGER NOT NULL          -- how often in a row for the same code
  );
  CREATE UNIQUE INDEX rejects_by_key ON rejects (sync, key) WHERE key IS NOT NULL;
  CREATE UNIQUE INDEX rejects_by_content ON rejects (sync, source_hash) WHERE key IS NULL;

  CREATE TABLE checkpoints (
    sync INTEGER PRIMARY KEY,
    checkpoint TEXT NOT NULL        -- JSON: read, cursor, position, times, fingerprints
  );

  CREATE TABLE runs (               -- the last thousand of each sync
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sync INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER,               -- null: under way, or its process died
    status TEXT NOT NULL,           -- running, level, incomplete, failed, interrupted
    counts TEXT NOT NULL,           -- JSON: created, updated, unchanged, ...
    message TEXT                    -- why it is not level, in words
  );
  CREATE INDEX runs_by_sync ON runs (sync);

  CREATE TABLE history (            -- a record's life, for \`explain\`; bounded by age and by count
    sync INTEGER NOT NULL,
    key TEXT NOT NULL,
    nth INTEGER NOT NULL,           -- counts the lines of a key
    run INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    event TEXT NOT NULL,            -- create, update, found, rejected, unknown, parked, ...
    operation INTEGER,              -- its number
    detail TEXT NOT NULL,           -- in words, redacted
    PRIMARY KEY (sync, key, nth)
  ) WITHOUT ROWID;

  CREATE TABLE lanes (              -- what a limiter must not learn again by hammering
    lane TEXT PRIMARY KEY,          -- origin and a hash of the credential
    blocked_until_ms INTEGER,       -- the API asked to be left alone until then
    learned TEXT                    -- JSON of the limiter
  ) WITHOUT ROWID;
  `,
  `
  -- Keys are mostly random, and each of them would touch a page of its own. So only what planning reads is in the order of the keys;
  -- the rest is appended, and found from there.
  ALTER TABLE syncs DROP COLUMN history_trimmed_to;

  ALTER TABLE bodies RENAME TO bodies_by_key;
  CREATE TABLE bodies (             -- content last applied; empty with \`state.bodies: false\`
    id INTEGER PRIMARY KEY,
    body BLOB NOT NULL              -- mapped record: JSON as text, or deflated (RFC 1951) when long
  );
  CREATE TEMP TABLE numbered AS
    SELECT row_number() OVER (ORDER BY sync, key) AS id, sync, key, body FROM main.bodies_by_key;
  INSERT INTO bodies (id, body) SELECT id, body FROM temp.numbered;
  CREATE UNIQUE INDEX temp.numbered_by_key ON numbered (sync, key);

  ALTER TABLE entries ADD COLUMN claim TEXT;      -- the address, where it does not follow from the key alone: no two keys may have it
  ALTER TABLE entries ADD COLUMN body INTEGER;    -- row of bodies; null: the content is not known, or not kept
  ALTER TABLE entries ADD COLUMN history INTEGER; -- the newest of its lines in history
  UPDATE entries SET claim = address,
    body = (SELECT id FROM temp.numbered WHERE numbered.sync = entries.sync AND numbered.key = entries.key);
  DROP INDEX entries_by_address;
  CREATE INDEX entries_by_claim ON entries (sync, claim) WHERE claim IS NOT NULL;
  DROP TABLE temp.numbered;
  DROP TABLE bodies_by_key;

  ALTER TABLE operations ADD COLUMN claim TEXT;   -- as in entries
  UPDATE operations SET claim = address;
  DROP INDEX operations_by_address;
  CREATE INDEX operations_by_claim ON operations (sync, claim) WHERE claim IS NOT NULL;

  ALTER TABLE history RENAME TO history_by_key;
  CREATE TABLE history (            -- a record's life, for \`explain\`; bounded by age and by count
    id INTEGER PRIMARY KEY,
    sync INTEGER NOT NULL,
    key TEXT NOT NULL,
    run INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    event TEXT NOT NULL,            -- create, update, found, rejected, unknown, parked, ...
    operation INTEGER,              -- its number
    detail TEXT NOT NULL,           -- in words, redacted
    linked INTEGER NOT NULL,        -- 1: found from entries.history, through later lines of its key
    before INTEGER                  -- the linked line before it
  );
  INSERT INTO history (sync, key, run, at_ms, event, operation, detail, linked)
    SELECT sync, key, run, at_ms, event, operation, detail, 0 FROM history_by_key ORDER BY at_ms, nth;
  DROP TABLE history_by_key;
  CREATE INDEX history_by_key ON history (sync, key) WHERE linked = 0;
  `,
  `
  CREATE TABLE pages (              -- unresolved writes that are repeatable by their own address: those of one page in one row
    last INTEGER PRIMARY KEY,       -- number of its last operation, from the same numbers as operations; the others have those before it
    sync INTEGER NOT NULL,
    run INTEGER NOT NULL,           -- the run that journalled it
    intents TEXT NOT NULL           -- JSON, an array each: key, key_kind, kind, hash, source_version, address, destination_id
  );
  CREATE INDEX pages_by_sync ON pages (sync);
  INSERT INTO sqlite_sequence (name, seq)
    SELECT 'operations', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'operations');
  `,
  `
  ALTER TABLE entries ADD COLUMN missed INTEGER;  -- number of the complete read that missed it first; null: it was there when last looked for
  CREATE INDEX operations_withheld ON operations (sync, number) WHERE kind = 'delete' AND state = 'waiting';
  CREATE TABLE deletions (          -- deletes that were applied, as long as the guard counts them: a row each
    id INTEGER PRIMARY KEY,
    sync INTEGER NOT NULL,
    at_ms INTEGER NOT NULL
  );
  CREATE INDEX deletions_by_time ON deletions (sync, at_ms);
  `,
  `
  ALTER TABLE deletions ADD COLUMN key TEXT;             -- null: deleted before this column was there
  ALTER TABLE deletions ADD COLUMN source_version TEXT;  -- the source's version of the record then; null: not known
  CREATE INDEX deletions_by_key ON deletions (sync, key) WHERE source_version IS NOT NULL;
  `,
  `
  -- No two keys may have one id, so each that is learned is looked for.
  CREATE INDEX entries_by_destination_id ON entries (sync, destination_id) WHERE destination_id IS NOT NULL;
  `,
  `
  ALTER TABLE syncs ADD COLUMN fields TEXT; -- JSON: names of the fields ever journalled, and under which mapping; null: none yet
  `,
  `
  -- As in entries. Creates have no id yet, so it costs them nothing.
  CREATE INDEX operations_by_destination_id ON operations (sync, destination_id) WHERE destination_id IS NOT NULL;
  `,
];

/**
 * - `empty`: no ledger yet. - `current`: as this version writes it. - `older`: to be migrated, while nothing else uses it.
 */
export type Schema = "empty" | "current" | "older";

/** Which schema the file has. Throws `LEDGER_NEWER`, and `LEDGER_CORRUPT` for a file of another program. */
export function schemaOf(database: Database, steps: readonly string[] = STEPS): Schema {
  return database.snapshot(() => {
    const version = pragma(database, "user_version");
    const application = pragma(database, "application_id");
    if (version === 0 && application === 0 && isEmpty(database)) return "empty";
    if (application !== APPLICATION_ID) {
      throw new EvenkeelError("LEDGER_CORRUPT", `${database.file} is an SQLite file, but not a ledger of Evenkeel`, {
        next: "Name another file with `--state FILE`.",
      });
    }
    if (version > steps.length) {
      const versions = `schema ${version}, and this version knows ${steps.length}`;
      throw new EvenkeelError(
        "LEDGER_NEWER",
        `the ledger ${database.file} was written by a newer Evenkeel (${versions})`,
        {
          next: "Use that version, or another ledger with `--state FILE`.",
        },
      );
    }
    return version === steps.length ? "current" : "older";
  });
}

/** Brings the schema up to date in one transaction; does nothing when another process has done so meanwhile. */
export function migrate(database: Database, steps: readonly string[] = STEPS): void {
  database.transaction(() => {
    const version = pragma(database, "user_version");
    if (version >= steps.length) return;
    for (const step of steps.slice(version)) database.exec(step);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.exec(`PRAGMA user_version = ${steps.length}`);
  });
}

const pragma = (database: Database, name: "application_id" | "user_version"): number =>
  database.prepare(`PRAGMA ${name}`).get()?.[name] as number;

const isEmpty = (database: Database): boolean =>
  database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
