/**
 * Makes a disk slow for the process that imports it first: `node --import FILE?ms=5 …` has each flush of the ledger end so many ms later. SQLite's
 * own flushes, when it puts its log into the file, are not reached; a write waits for none of those.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const delayMs = Number(new URL(import.meta.url).searchParams.get("ms"));
const { fdatasync } = fs;

const slow = (fd: number, done: fs.NoParamCallback): void =>
  fdatasync(fd, (error) => void setTimeout(done, delayMs, error));

Object.assign(fs, { fdatasync: slow });
syncBuiltinESMExports();
