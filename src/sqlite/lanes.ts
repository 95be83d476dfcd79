import type { LaneMemory } from "../core/ledger.ts";
import type { Database } from "./database.ts";
import { optional } from "./packed.ts";

/** The table `lanes`. Methods run in the caller's transaction. */
export interface LanesTable {
  all(): readonly LaneMemory[];
  put(memory: LaneMemory): void;
  /** Forgets the block of every lane whose name contains `part`. Returns how many. */
  unblock(part: string): number;
}

export function lanesTable(database: Database): LanesTable {
  const select = database.prepare("SELECT lane, blocked_until_ms, learned FROM lanes ORDER BY lane");
  const replace = database.prepare("INSERT OR REPLACE INTO lanes (lane, blocked_until_ms, learned) VALUES (?, ?, ?)");
  const unblock = database.prepare(
    "UPDATE lanes SET blocked_until_ms = NULL WHERE blocked_until_ms IS NOT NULL AND instr(lane, ?) > 0",
  );
  return {
    all: () =>
      select.all().map((row) => ({
        lane: row["lane"] as string,
        blockedUntilMs: optional(row["blocked_until_ms"]),
        learned: optional(row["learned"]),
      })),
    put: ({ lane, blockedUntilMs, learned }) => void replace.run(lane, blockedUntilMs ?? null, learned ?? null),
    unblock: (part) => Number(unblock.run(part).changes),
  };
}
