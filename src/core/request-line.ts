import { parseTemplate, type Compile, type Parsed, type Part } from "./template.ts";
import { isDotSegment } from "./url-value.ts";

const METHODS: readonly string[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** `PUT /items/{sku}?lang={language}`, taken apart. */
export interface RequestLine {
  readonly method: string;
  /** The parts of each path segment; literals are valid in a URL as they stand. */
  readonly segments: readonly (readonly Part[])[];
  /** `parts` is undefined for a bare name without `=`. */
  readonly query: readonly { readonly name: string; readonly parts: readonly Part[] | undefined }[];
}

/** RFC 3986's path and query characters, with every `%` followed by two hexadecimal digits. */
const LITERAL = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*$/;
const LITERAL_QUERY = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2})*$/;

/** Takes a request line apart, refusing what would not be the same after a URL parser has read it (S1). */
export function parseRequestLine(text: string, compile: Compile): Parsed<RequestLine> {
  const [matched, method, gap] = /^([A-Za-z]+)(\s+)(?=\S)/.exec(text) ?? [];
  if (matched === undefined || method === undefined || gap === undefined) {
    return refused("a request is a method and a path, such as `GET /products`", 0);
  }
  if (!METHODS.includes(method)) {
    const upper = method.toUpperCase();
    return refused(
      METHODS.includes(upper)
        ? `methods are written in capitals: \`${upper}\``
        : `\`${method}\` is not one of ${METHODS.join(", ")}`,
      0,
    );
  }
  const address = text.slice(matched.length).trimEnd();
  const problem = problemOfStart(address);
  if (problem !== undefined) return refused(problem, matched.length);
  const parts = parseTemplate(address, compile);
  if (!parts.ok) return refused(parts.reason, matched.length + parts.offset);
  const split = splitAddress(parts.value);
  return split.ok
    ? { ok: true, value: { method, ...split.value } }
    : refused(split.reason, matched.length + split.offset);
}

function problemOfStart(address: string): string | undefined {
  if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(address))
    return "the address is relative to the connection's `baseUrl`: write the path alone, from its `/`";
  if (address.startsWith("//")) return "a path starts with one `/`";
  if (!address.startsWith("/")) return "a path starts with `/`";
  return undefined;
}

type Split = Pick<RequestLine, "segments" | "query">;

function splitAddress(parts: readonly Part[]): Parsed<Split> {
  const fragment = parts.find((part) => part.kind === "literal" && part.text.includes("#"));
  if (fragment !== undefined)
    return refused("an address has no `#` part; write %23 for the character", fragment.offset);
  const [path = [], search] = splitParts(parts, "?", 1);
  const segments: (readonly Part[])[] = [];
  for (const segment of splitParts(path, "/").slice(1)) {
    const encoded = encodeLiterals(segment, LITERAL);
    if (!encoded.ok) return encoded;
    if (isFixed(segment) && isDotSegment(textOf(segment)))
      return refused("a path has no segment `.` or `..`", segment[0]?.offset ?? 0);
    // As other tools write it: every record would have this one address.
    const [placeholder, name] = isFixed(segment) ? (/^:([A-Za-z_]\w*)$/.exec(textOf(segment)) ?? []) : [];
    if (placeholder !== undefined)
      return refused(`a value of the record is written \`{${name}}\`, not \`${placeholder}\``, segment[0]?.offset ?? 0);
    segments.push(encoded.value);
  }
  const query: Split["query"][number][] = [];
  for (const pair of search === undefined ? [] : splitParts(search, "&")) {
    if (pair.length === 0) continue;
    const encoded = encodeLiterals(pair, LITERAL_QUERY);
    if (!encoded.ok) return encoded;
    const [name = [], value] = splitParts(encoded.value, "=", 1);
    if (name.length === 0 || !isFixed(name))
      return refused("a query parameter is `name=value`, and its name is fixed", pair[0]?.offset ?? 0);
    query.push({ name: textOf(name), parts: value });
  }
  return { ok: true, value: { segments, query } };
}

/** Splits at a character of the literal parts, at most `limit` times. */
function splitParts(parts: readonly Part[], separator: string, limit = Infinity): (readonly Part[])[] {
  let current: Part[] = [];
  const lists: Part[][] = [current];
  for (const part of parts) {
    let rest: Part | undefined = part;
    while (rest?.kind === "literal" && lists.length <= limit) {
      const at = rest.text.indexOf(separator);
      if (at < 0) break;
      if (at > 0) current.push({ ...rest, text: rest.text.slice(0, at) });
      lists.push((current = []));
      const after: string = rest.text.slice(at + 1);
      rest = after === "" ? undefined : { ...rest, text: after, offset: rest.offset + at + 1 };
    }
    if (rest !== undefined) current.push(rest);
  }
  return lists;
}

const isFixed = (parts: readonly Part[]): boolean => parts.every(({ kind }) => kind === "literal");
const textOf = (parts: readonly Part[]): string =>
  parts.map((part) => (part.kind === "literal" ? part.text : "")).join("");

/** Literals as they stand in a URL: characters outside ASCII are percent-encoded, others that a URL cannot hold are refused. */
function encodeLiterals(parts: readonly Part[], allowed: RegExp): Parsed<readonly Part[]> {
  const encoded: Part[] = [];
  for (const part of parts) {
    if (part.kind === "value") {
      encoded.push(part);
      continue;
    }
    if (!part.text.isWellFormed()) return refused("it has half of a character (a lone surrogate)", part.offset);
    // oxlint-disable-next-line no-control-regex -- everything outside ASCII is what is looked for
    const text = part.text.replace(/[^\u0000-\u007f]+/g, encodeURIComponent);
    if (!allowed.test(text)) {
      const at =
        Array.from(part.text).find(
          (character) => character < "\u0080" && character !== "%" && !allowed.test(character),
        ) ?? "%";
      const proposal = at === "%" ? "%25" : encodeURIComponent(at);
      return refused(
        `\`${at}\` cannot stand in an address: write \`${proposal}\``,
        part.offset + part.text.indexOf(at),
      );
    }
    encoded.push({ ...part, text });
  }
  return { ok: true, value: encoded };
}

const refused = (reason: string, offset: number): Parsed<never> => ({ ok: false, reason, offset });
