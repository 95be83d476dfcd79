import { createReadStream } from "node:fs";

/**
 * The lines of a file of JSON lines. Only a line feed ends one: other separators (U+2028, a lone carriage return) may stand in a JSON text, and
 * `readline` would cut it there. Throws what reading the file throws.
 */
export async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = "";
  let isBeginning = true;
  for await (const chunk of createReadStream(file, "utf8")) {
    // Editors and spreadsheets mark a file as UTF-8 with a character that is no part of its first line.
    const text = isBeginning ? (chunk as string).replace(/^\uFEFF/, "") : (chunk as string);
    isBeginning = false;
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
