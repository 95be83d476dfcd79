import { readFile } from "node:fs/promises";
import type { SyncConfig } from "../config/config.ts";
import { compileExpression } from "../config/expression.ts";
import type { LoadedConfig } from "../config/load.ts";
import { EvenkeelError } from "../core/errors.ts";
import { parseExact } from "../core/exact-json.ts";
import { isObject, type Json, type JsonObject } from "../core/json.ts";

/** More would only make each world slower. */
const RECORDS_MAX = 200;

/**
 * Reads the records of a file: a JSON list, one record a line, or an answer of the source with its list where the config says. The first 200
 * are taken. Throws EvenkeelError USAGE when it has none.
 */
export async function recordsIn(file: string, { config }: LoadedConfig, sync: string): Promise<readonly JsonObject[]> {
  let text: string;
  try {
    text = (await readFile(file, "utf8")).replace(/^\uFEFF/, "");
  } catch (error) {
    throw new EvenkeelError("USAGE", `${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const { source } = config.syncs[sync] as SyncConfig;
  const value = /\.(?:jsonl|ndjson)$/i.test(file) ? linesOf(text) : parsed(text);
  const list = Array.isArray(value)
    ? (value as readonly Json[])
    : value === undefined
      ? undefined
      : await compileExpression(source.records).evaluate(value);
  if (!Array.isArray(list) || list.length === 0 || !list.every(isObject))
    throw new EvenkeelError("USAGE", `${file} holds no list of records`, {
      next: "It takes a JSON list of records, one record a line, or a saved answer of the source.",
    });
  return (list as readonly JsonObject[]).slice(0, RECORDS_MAX);
}

function parsed(text: string): Json | undefined {
  try {
    return parseExact(text);
  } catch {
    return linesOf(text);
  }
}

function linesOf(text: string): readonly Json[] | undefined {
  try {
    return text
      .split(/\r?\n/)
      .filter((line) => line.trim() !== "")
      .map(parseExact);
  } catch {
    return undefined;
  }
}
