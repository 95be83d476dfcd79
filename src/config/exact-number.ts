import { isExactNumber, setMember, type ExactNumber, type Json } from "../core/json.ts";

/**
 * A value as JSONata and users' functions see it. They know no exact numbers, so each becomes what loses nothing: a plain
 * number where that has the same value (`1.10`, `1e3`), and its text where a double would change it (`9007199254740993`),
 * so that nothing is rounded without a word (S5). Values without exact numbers are returned as they are, not copied.
 */
export function withoutExactNumbers(value: Json): Json {
  if (typeof value !== "object" || value === null) return value;
  if (isExactNumber(value)) return plainOf(value);
  if (Array.isArray(value)) {
    let copy: Json[] | undefined;
    for (let index = 0; index < value.length; index++) {
      const item = value[index] as Json;
      const plain = withoutExactNumbers(item);
      if (plain !== item) (copy ??= [...(value as readonly Json[])])[index] = plain;
    }
    return copy ?? value;
  }
  let changed: Map<string, Json> | undefined;
  for (const [name, item] of Object.entries(value)) {
    const plain = withoutExactNumbers(item);
    if (plain !== item) (changed ??= new Map()).set(name, plain);
  }
  if (changed === undefined) return value;
  const copy: Record<string, Json> = {};
  for (const [name, item] of Object.entries(value)) setMember(copy, name, changed.get(name) ?? item);
  return copy;
}

export function plainOf({ rawJSON }: ExactNumber): number | string {
  const number = Number(rawJSON);
  return Number.isFinite(number) && decimal(rawJSON) === decimal(String(number)) ? number : rawJSON;
}

/** A number's text in one form, so that equal texts mean equal values: `1.10` and `11e-1` give the same. */
function decimal(text: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}
