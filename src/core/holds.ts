import { isObject, scalarText, type Json } from "./json.ts";
import { fieldsWithin, leftOver, type Fields } from "./owned-fields.ts";

/**
 * True when `found`, as the destination shows it, has everything that `wanted` says (U6): members that the mapping does not own
 * are ignored, numbers are compared by value, a number equals its own text (form-encoded APIs answer in text), and null equals
 * absent, since many APIs leave out what is empty.
 *
 * @param owned fields that are the mapping's own: what it left out of them, the destination must not hold either. Undefined where it may.
 * @param isForeign as of {@link leftOver}
 */
export function holds(found: Json | undefined, wanted: Json, owned?: Fields, isForeign = false): boolean {
  if (wanted === null) return found === null || found === undefined;
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(found) &&
      found.length === wanted.length &&
      wanted.every((item, index) => holds(found[index] as Json, item as Json, owned, isForeign))
    );
  }
  if (isObject(wanted)) {
    if (!isObject(found)) return false;
    for (const name of Object.keys(wanted)) {
      const inner = Object.hasOwn(found, name) ? found[name] : undefined;
      if (!holds(inner, wanted[name] as Json, fieldsWithin(owned, name), isForeign)) return false;
    }
    return owned === undefined || leftOver(found, wanted, owned, isForeign).length === 0;
  }
  if (typeof wanted === "boolean") return found === wanted || found === String(wanted);
  const wantedText = scalarText(wanted);
  const foundText = scalarText(found);
  if (wantedText === undefined || foundText === undefined) return false;
  return wantedText === foundText || sameNumber(wanted, found as Json, wantedText, foundText);
}

/** 1.10 and 1.1 are one number, 9007199254740993 and 9007199254740992 are two: compared as text without trailing zeros. */
function sameNumber(wanted: Json, found: Json, wantedText: string, foundText: string): boolean {
  if (typeof wanted === "string" && typeof found === "string") return false;
  const a = plainDecimal(wantedText);
  return a !== undefined && a === plainDecimal(foundText);
}

/** A decimal text without exponent and needless zeros; undefined when it is not a number. */
function plainDecimal(text: string): string | undefined {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (parts === null) return undefined;
  const [, sign = "", whole = "", fraction = "", exponentText = "0"] = parts;
  const exponent = Number(exponentText);
  if (Math.abs(exponent) > EXPONENT_MAX) return undefined;
  const digits = whole + fraction;
  const point = whole.length + exponent;
  const padded = point < 0 ? "0".repeat(-point) + digits : digits.padEnd(point, "0");
  const cut = Math.max(point, 0);
  const integer = padded.slice(0, cut).replace(/^0+/, "") || "0";
  const rest = padded.slice(cut).replace(/0+$/, "");
  const magnitude = rest === "" ? integer : `${integer}.${rest}`;
  return magnitude === "0" ? "0" : sign + magnitude;
}

/** No API writes numbers past a double's range; larger exponents would only cost memory. */
const EXPONENT_MAX = 400;
