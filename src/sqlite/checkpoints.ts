import type { Checkpoint } from "../core/checkpoint.ts";
import type { Database } from "./database.ts";
import { parsePlain } from "./packed.ts";
import type { SyncId } from "./syncs.ts";

/** The table `checkpoints`, of one sync: where the next read goes on. Methods run in the caller's transaction. */
export interface CheckpointsTable {
  get(): Checkpoint | undefined;
  put(checkpoint: Checkpoint | undefined): void;
}

export function checkpointsTable(database: Database, sync: SyncId): CheckpointsTable {
  const select = database.prepare("SELECT checkpoint FROM checkpoints WHERE sync = ?");
  const replace = database.prepare("INSERT OR REPLACE INTO checkpoints (sync, checkpoint) VALUES (?, ?)");
  const remove = database.prepare("DELETE FROM checkpoints WHERE sync = ?");
  return {
    get() {
      const row = select.get(sync.id);
      return row && parsePlain<Checkpoint>(row["checkpoint"]);
    },
    put(checkpoint) {
      if (checkpoint === undefined) remove.run(sync.id);
      else replace.run(sync.id, JSON.stringify(checkpoint));
    },
  };
}
