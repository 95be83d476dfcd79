import type { LaneMemory, Ledger, SyncLedger } from "../core/ledger.ts";
import { openDatabase } from "./database.ts";
import { FileLease } from "./lease.ts";
import { optional } from "./packed.ts";
import { migrate, requireSchema } from "./schema.ts";
import { createSyncLedger } from "./sync-ledger.ts";

export interface LedgerOptions {
  readonly file: string;
  /** Keep the content last applied, for field differences (`state.bodies`). */
  readonly bodies: boolean;
  /** Only look; the file must exist. */
  readonly readOnly?: boolean;
  /** For tests: called inside each writing transaction, before it commits. */
  readonly inside?: (method: string) => void;
}

/** Opens the ledger of a file, making it or bringing it to the newest schema. Throws EvenkeelError LEDGER_*. */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const database = openDatabase(options.file, { readOnly: options.readOnly === true });
  try {
    if (options.readOnly === true) requireSchema(database);
    else migrate(database);
  } catch (error) {
    database.close();
    throw error;
  }
  const lease = new FileLease(database);
  const syncs = new Map<string, SyncLedger>();

  const idOf = (name: string): number => {
    const row = database.prepare("SELECT id FROM syncs WHERE name = ?").get(name);
    if (row !== undefined) return row["id"] as number;
    // A ledger that is only looked at knows nothing of this sync: no row has this number.
    if (options.readOnly === true) return 0;
    return Number(
      database.transaction(() => database.prepare("INSERT INTO syncs (name) VALUES (?)").run(name)).lastInsertRowid,
    );
  };

  return {
    location: options.file,
    async acquire(holder) {
      const fence = lease.acquire(holder);
      return { fence, release: async () => lease.release() };
    },
    async of(name) {
      let ledger = syncs.get(name);
      if (ledger === undefined) {
        ledger = createSyncLedger({
          database,
          lease,
          id: idOf(name),
          name,
          keepsBodies: options.bodies,
          inside: options.inside,
        });
        syncs.set(name, ledger);
      }
      return ledger;
    },
    syncs: async () =>
      database
        .prepare("SELECT name FROM syncs ORDER BY id")
        .all()
        .map((row) => row["name"] as string),
    lanes: async () =>
      database
        .prepare("SELECT lane, blocked_until_ms, learned FROM lanes")
        .all()
        .map((row): LaneMemory => ({
          lane: row["lane"] as string,
          blockedUntilMs: optional(row["blocked_until_ms"]),
          learned: optional(row["learned"]),
        })),
    async saveLane({ lane, blockedUntilMs, learned }) {
      database.transaction(() => {
        lease.check();
        database
          .prepare("INSERT OR REPLACE INTO lanes (lane, blocked_until_ms, learned) VALUES (?, ?, ?)")
          .run(lane, blockedUntilMs ?? null, learned ?? null);
      });
    },
    async unblockLanes(part) {
      return database.transaction(() => {
        lease.check();
        const sql =
          "UPDATE lanes SET blocked_until_ms = NULL WHERE blocked_until_ms IS NOT NULL AND instr(lane, ?) > 0";
        return Number(database.prepare(sql).run(part ?? "").changes);
      });
    },
    async close() {
      lease.release();
      if (options.readOnly !== true) database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      database.close();
    },
  };
}
