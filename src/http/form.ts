import { isObject, scalarText, type Json } from "../core/json.ts";

export const FORM = "application/x-www-form-urlencoded";

/**
 * A value as `application/x-www-form-urlencoded` (WHATWG URL, 5.2), nested members in brackets as Stripe and Rails read them:
 * `address[city]=Ulm&tags[0]=a`. Null is sent as an empty value, which those APIs take for "unset". Exact numbers keep their text.
 */
export function encodeForm(value: Json): string {
  const pairs = new URLSearchParams();
  append(pairs, "", value);
  return pairs.toString();
}

function append(pairs: URLSearchParams, name: string, value: Json): void {
  if (Array.isArray(value)) {
    value.forEach((item: Json, index) => append(pairs, `${name}[${index}]`, item));
  } else if (isObject(value)) {
    for (const [member, item] of Object.entries(value))
      append(pairs, name === "" ? member : `${name}[${member}]`, item);
  } else {
    pairs.append(name, value === null ? "" : (scalarText(value) ?? JSON.stringify(value)));
  }
}
