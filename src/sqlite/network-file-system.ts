import { statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { EvenkeelError } from "../core/errors.ts";

/** Kernel numbers of file systems that several machines share (statfs(2), linux/magic.h, and those of Lustre and GPFS). */
const SHARED: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x5346414f, "AFS"],
  [0x6b414653, "AFS"],
  [0x73757245, "Coda"],
  [0x01021997, "9p"],
  [0x00c36400, "Ceph"],
  [0x0bd00bd0, "Lustre"],
  [0x47504653, "GPFS"],
]);

/**
 * Throws `LEDGER_NETWORK` when the folder of `file` is on a network file system: there, locks do not keep two machines apart,
 * and the memory that SQLite shares between processes is not shared (sqlite.org/wal.html). Known on Linux by the kernel's number, on
 * Windows by a path that names a server; elsewhere it cannot be told.
 */
export function refuseNetwork(file: string, typeOf: (folder: string) => number | undefined = typeOfFolder): void {
  const folder = dirname(resolve(file));
  const name = namesServer(folder) ? "a network share" : SHARED.get((typeOf(folder) ?? 0) >>> 0);
  if (name === undefined) return;
  const why = "locks there do not keep two machines apart, and a lost lock can corrupt the file";
  throw new EvenkeelError("LEDGER_NETWORK", `the ledger ${file} is on a network file system (${name}): ${why}`, {
    next: "Put the ledger on a local disk with `--state FILE`, and copy it between runs when the machine does not last.",
  });
}

/** `\\server\share`, but not `\\?\C:\folder`. */
const namesServer = (folder: string): boolean => /^\\\\[^?.\\]/.test(folder);

function typeOfFolder(folder: string): number | undefined {
  try {
    return statfsSync(folder).type;
  } catch {
    // Where the question is not understood, nothing is known; opening the file will tell what else is wrong.
    return undefined;
  }
}
