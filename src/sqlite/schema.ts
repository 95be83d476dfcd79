import { EvenkeelError } from "../core/errors.ts";
import { APPLICATION_ID, type Database } from "./database.ts";

/** Each step takes the schema from its index to the next version. Steps are never changed once released, only added. */
const STEPS: readonly string[] = [
  `
  CREATE TABLE meta (
    name TEXT PRIMARY KEY,          -- 'fence'
    value TEXT NOT NULL
  ) WITHOUT ROWID;

  CREATE TABLE syncs (
    id INTEGER PRIMARY KEY,         -- small number that stands for the name in every other table
    name TEXT NOT NULL UNIQUE
  );

  CREATE TABLE entries (
    sync INTEGER NOT NULL,
    key TEXT NOT NULL,              -- source key, as text
    key_kind TEXT NOT NULL,         -- n or t for each part of the key
    destination_id TEXT,            -- id that the destination assigned
    address TEXT,                   -- rendered address, where the record has its own
    hash TEXT,                      -- base64url SHA-256 of the content last applied; null: not known, never planned as unchanged
    source_version TEXT,            -- cursor value of the version last applied
    etag TEXT,
    operation INTEGER NOT NULL,     -- number of the operation that wrote the row
    read INTEGER NOT NULL,          -- number of the read that wrote the row
    PRIMARY KEY (sync, key)
  ) WITHOUT ROWID;
  CREATE INDEX entries_by_address ON entries (sync, address) WHERE address IS NOT NULL;

  CREATE TABLE bodies (
    sync INTEGER NOT NULL,
    key TEXT NOT NULL,
    body BLOB NOT NULL,             -- mapped record last applied: deflated JSON
    PRIMARY KEY (sync, key)
  ) WITHOUT ROWID;

  CREATE TABLE operations (         -- only unresolved ones; a row is the mark that the destination may hold either version
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    sync INTEGER NOT NULL,
    run INTEGER NOT NULL,           -- the run that journalled it
    key TEXT NOT NULL,
    key_kind TEXT NOT NULL,
    kind TEXT NOT NULL,             -- create, update, delete
    state TEXT NOT NULL,            -- sent, unknown, parked, waiting, verifying
    hash TEXT NOT NULL,
    source_version TEXT,
    address TEXT,
    destination_id TEXT,
    idempotency_key TEXT,
    progress TEXT NOT NULL,         -- JSON: attempts, times, last message
    held BLOB                       -- deflated JSON of source record, mapped record and bytes; null: a re-read plans it anew
  );
  CREATE UNIQUE INDEX operations_active ON operations (sync, key) WHERE state <> 'waiting';
  CREATE UNIQUE INDEX operations_waiting ON operations (sync, key) WHERE state = 'waiting';
  CREATE INDEX operations_by_address ON operations (sync, address) WHERE address IS NOT NULL;

  CREATE TABLE rejects (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sync INTEGER NOT NULL,
    run INTEGER NOT NULL,           -- the run that last refused it
    identity TEXT NOT NULL,         -- the key, or for a record without one '#' and its hash
    key TEXT,
    kind TEXT NOT NULL,             -- invalid, rejected
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    source BLOB,                    -- source record, deflated JSON
    source_hash TEXT NOT NULL,
    mapping TEXT NOT NULL,          -- fingerprint of the mapping that was in force
    evidence BLOB,                  -- request and answer, redacted, deflated JSON
    at_ms INTEGER NOT NULL,
    times INTEGER NOT NULL,         -- how often it was refused
    UNIQUE (sync, identity)
  );

  CREATE TABLE checkpoints (
    sync INTEGER PRIMARY KEY,
    checkpoint TEXT NOT NULL        -- JSON: cursor, position, fingerprints, times
  );

  CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sync INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    status TEXT NOT NULL,           -- running, level, incomplete, failed, interrupted
    counts TEXT NOT NULL,           -- JSON
    message TEXT
  );

  CREATE TABLE history (
    id INTEGER PRIMARY KEY,
    sync INTEGER NOT NULL,
    key TEXT NOT NULL,
    run INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    event TEXT NOT NULL,
    operation INTEGER,
    detail TEXT NOT NULL            -- in words, redacted
  );
  CREATE INDEX history_by_key ON history (sync, key, id);

  CREATE TABLE lanes (
    lane TEXT PRIMARY KEY,          -- origin and a hash of the credential
    blocked_until_ms INTEGER,       -- wall clock
    learned TEXT                    -- JSON of the limiter
  ) WITHOUT ROWID;
  `,
];

/** Brings a file to the newest schema, in one transaction; a newer one is refused. Throws LEDGER_NEWER, LEDGER_CORRUPT. */
export function migrate(database: Database): void {
  const id = numberOf(database, "application_id");
  const version = numberOf(database, "user_version");
  if (id !== APPLICATION_ID && (id !== 0 || version !== 0 || hasTables(database))) {
    throw new EvenkeelError("LEDGER_CORRUPT", `${database.file} is an SQLite file, but no ledger of Evenkeel`, {
      next: "Name another file with `--state FILE`.",
    });
  }
  refuseNewer(database, version);
  if (version === STEPS.length) return;
  database.transaction(() => {
    for (const step of STEPS.slice(version)) database.exec(step);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.exec(`PRAGMA user_version = ${STEPS.length}`);
  });
}

/** For a file that is only looked at: it must have the newest schema already. */
export function requireSchema(database: Database): void {
  const version = numberOf(database, "user_version");
  refuseNewer(database, version);
  if (version === STEPS.length && numberOf(database, "application_id") === APPLICATION_ID) return;
  throw new EvenkeelError("LEDGER_CORRUPT", `${database.file} is no ledger of this version`, {
    next: "`evenkeel run` brings an older ledger up to date.",
  });
}

function refuseNewer(database: Database, version: number): void {
  if (version <= STEPS.length) return;
  throw new EvenkeelError(
    "LEDGER_NEWER",
    `${database.file} was written by a newer Evenkeel (schema ${version}; this one knows ${STEPS.length})`,
    {
      next: "Install that version, or name another ledger with `--state FILE`.",
    },
  );
}

const numberOf = (database: Database, pragma: string): number =>
  Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
const hasTables = (database: Database): boolean =>
  database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() !== undefined;
