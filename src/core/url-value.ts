import { isExactNumber, scalarText, type Json } from "./json.ts";

/** Why a value cannot stand in an address or header. */
export interface Unusable {
  readonly reason: string;
  /** The expression, where it gives nothing at all. */
  readonly absent?: string;
}

/** A value as it stands in an address or header, or why it cannot stand there. */
export type ValueText = string | Unusable;

/** Characters of an unusable value that a message shows. */
const SHOWN = 60;

/**
 * A record's value for a path segment (S1): a text or number that is not empty, percent-encoded so that it cannot leave its
 * segment. `quoted`: it stands inside fixed quotes such as `Items('{code}')`, where a quote is doubled (OData 4.01, 5.1.1.6.1).
 * `name` is the expression, for the reason.
 */
export function pathText(value: Json | undefined, name: string, quoted: boolean): ValueText {
  const text = plainText(value, name);
  if (typeof text !== "string") return text;
  if (text === "") return refused(`\`${name}\` is empty, and a path segment is not`);
  return encodeValue(quoted ? doubled(text) : text);
}

/** A record's value for a query parameter (S1): as in a path segment, but it may be empty. */
export function queryText(value: Json | undefined, name: string, quoted: boolean): ValueText {
  const text = plainText(value, name);
  return typeof text === "string" ? encodeValue(quoted ? doubled(text) : text) : text;
}

/** A record's value for a header (S7): visible ASCII only, so it can neither end the header nor mean something else elsewhere. */
export function headerText(value: Json | undefined, name: string): ValueText {
  const text = plainText(value, name);
  if (typeof text !== "string") return text;
  if (text === "") return refused(`\`${name}\` is empty`);
  if (!/^[\x21-\x7e]+$/.test(text))
    return refused(`\`${name}\` is ${shown(text)}, and a header takes visible ASCII characters only`);
  return text;
}

/** RFC 3986, 2.3: what stands for itself wherever it stands. Most ids are made of it. */
const UNRESERVED = /^[A-Za-z0-9\-._~]*$/;

/**
 * Percent-encodes everything but RFC 3986's unreserved characters. `encodeURIComponent` alone leaves `!'()*`, which are
 * delimiters to some servers. Throws URIError on a lone surrogate.
 */
export function encodeValue(text: string): string {
  if (UNRESERVED.test(text)) return text;
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** True for `.` and `..` in every spelling that the URL standard takes for them, such as `%2e.`. */
export const isDotSegment = (segment: string): boolean => /^(?:\.|%2e){1,2}$/i.test(segment);

const doubled = (text: string): string => text.replaceAll("'", "''");

function plainText(value: Json | undefined, name: string): ValueText {
  const text = scalarText(value);
  if (text === undefined) {
    const unusable = refused(`\`${name}\` is ${kindOf(value)}, and an address or header takes a text or a number`);
    return value === undefined ? { ...unusable, absent: name } : unusable;
  }
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f]/.test(text)) return refused(`\`${name}\` has a control character: ${shown(text)}`);
  if (!text.isWellFormed()) return refused(`\`${name}\` has half of a character (a lone surrogate): ${shown(text)}`);
  return text;
}

const shown = (text: string): string => JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text);

/** What a value is, in words: `absent`, `null`, `a list`, ... */
export function kindOf(value: unknown): string {
  if (value === undefined) return "absent";
  if (value === null) return "null";
  if (typeof value === "boolean" || typeof value === "number") return String(value);
  if (typeof value === "string") return "a text";
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "a list";
  return isExactNumber(value) ? value.rawJSON : "an object";
}

const refused = (reason: string): Unusable => ({ reason });
