import * as z from "zod";
import { EvenkeelError } from "./core/errors.ts";
import { parseExact } from "./core/exact-json.ts";
import { scalarText, type Json } from "./core/json.ts";
import { readKey } from "./core/key.ts";
import type { KeyReading } from "./core/record.ts";
import { linesOf } from "./lines.ts";
import type { KeyMapping } from "./pipeline/key-map.ts";

const scalar = z.custom<Json>((value) => scalarText(value as Json) !== undefined, "is neither a text nor a number");
const line = z.strictObject({
  key: z.union([scalar, z.array(scalar).min(1)]),
  id: scalar.optional(),
  address: z.string().startsWith("/").optional(),
});

/**
 * Reads a key map, one JSON object a line: `{"key":"4711","id":"c_1"}`, as `state export` writes it; a composite key may also be a list of its
 * parts. Throws `USAGE` with the place of the first line that is none.
 *
 * @param needsId the destination assigns ids, so that a mapping is nothing without one
 */
export async function* readKeyMap(file: string, needsId: boolean): AsyncGenerator<KeyMapping> {
  let number = 0;
  try {
    for await (const text of linesOf(file)) {
      number += 1;
      if (text.trim() !== "") yield mappingOf(text, needsId, { file, line: number });
    }
  } catch (error) {
    if (error instanceof EvenkeelError) throw error;
    throw new EvenkeelError("USAGE", `the key map cannot be read: ${(error as Error).message}`, { place: { file } });
  }
}

function mappingOf(text: string, needsId: boolean, at: { readonly file: string; readonly line: number }): KeyMapping {
  const bad = (why: string): EvenkeelError =>
    new EvenkeelError("USAGE", `not a mapping: ${why}`, {
      place: at,
      next: needsId
        ? 'Each line is a JSON object: {"key":"4711","id":"c_1"}. Nothing was imported.'
        : 'Each line is a JSON object: {"key":"4711","address":"/items/4711"}. Nothing was imported.',
    });
  let value: Json;
  try {
    value = parseExact(text);
  } catch (error) {
    throw bad((error as Error).message);
  }
  const parsed = line.safeParse(value);
  if (!parsed.success) throw bad(z.prettifyError(parsed.error).replaceAll(/\s*\n\s*/g, " "));
  const { address } = parsed.data;
  const id = scalarText(parsed.data.id);
  if (needsId && (id ?? "") === "") throw bad("it has no `id`, and the destination assigns ids");
  const key = keyOf(parsed.data.key);
  if (!key.ok) throw bad(key.reason);
  return { key: key.key, ...(id === undefined ? {} : { id }), ...(address === undefined ? {} : { address }) };
}

/** A text is the key as the ledger has it; a list is joined as a composite key is. */
const keyOf = (key: Json): KeyReading => readKey(Array.isArray(key) ? key : [key]);
