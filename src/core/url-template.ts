import { EvenkeelError } from "./errors.ts";
import type { Expression, Scope } from "./expression.ts";
import { invariant } from "./invariant.ts";
import type { Json } from "./json.ts";
import { parseRequestLine } from "./request-line.ts";
import { evaluateAll, parseTemplate, type Compile, type Parsed, type Part } from "./template.ts";
import { encodeValue, headerText, isDotSegment, pathText, queryText, type ValueText } from "./url-value.ts";

export type RenderedRequest =
  | {
      readonly ok: true;
      /** Path and query, to be appended to the base address. */
      readonly path: string;
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly ok: false; readonly reason: string };

/** A request as the config writes it: `PUT /items/{sku}`, with its query and headers. */
export interface RequestTemplate {
  readonly text: string;
  readonly method: string;
  /** Binding names that its expressions refer to. */
  readonly uses: ReadonlySet<string>;
  /**
   * Renders it for one record. A value that could leave its place (S1, S7) gives a reason instead, and so does an expression
   * that fails. Throws only `INVARIANT`.
   */
  render(scope: Scope): RenderedRequest | Promise<RenderedRequest>;
}

/** A query parameter's or header's value: a template, a literal, or a compiled function. */
export type ValueSource = string | number | boolean | Expression;

export interface RequestSource {
  readonly request: string;
  /** A list repeats its parameter. */
  readonly query?: Readonly<Record<string, ValueSource | readonly ValueSource[]>>;
  readonly headers?: Readonly<Record<string, ValueSource>>;
}

/** RFC 9110, 4.1 asks servers to accept 8,000 octets; beyond that many refuse with 414 or, worse, cut. */
export const ADDRESS_LENGTH_MAX = 8_000;

/** A path as {@link pathText} and the request line's literals can make it. */
const PATH = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*$/;

/** `slot` is the index of the expression's value. `quoted`: inside fixed quotes, as in `Items('{code}')`. */
type Piece = string | { readonly slot: number; readonly name: string; readonly quoted: boolean };
interface Field {
  readonly name: string;
  /** Undefined for a query parameter without a value. */
  readonly pieces: readonly Piece[] | undefined;
}
interface Layout {
  readonly segments: readonly (readonly Piece[])[];
  readonly query: readonly Field[];
  readonly headers: readonly Field[];
}
type Values = readonly (Json | undefined)[];

/**
 * Parses a request once, so that rendering a record is only filling in. Follows S1: a value stays inside its path segment or
 * query value, whatever it holds. A problem's `offset` counts from the start of `request`, or of the value of the query
 * parameter or header that the reason names.
 */
export function parseRequest(source: RequestSource, compile: Compile): Parsed<RequestTemplate> {
  const line = parseRequestLine(source.request, compile);
  if (!line.ok) return line;
  const expressions: Expression[] = [];
  const asIs = (literal: string): string => literal;

  const query: Field[] = line.value.query.map(({ name, parts }) => ({
    name,
    pieces: parts && toPieces(parts, asIs, expressions),
  }));
  for (const [name, given] of Object.entries(source.query ?? {})) {
    for (const value of [given].flat() as ValueSource[]) {
      const parts = parseValue(value, compile);
      if (!parts.ok) return { ...parts, reason: `query parameter \`${name}\`: ${parts.reason}` };
      query.push({ name: encodeValue(name), pieces: toPieces(parts.value, encodeValue, expressions) });
    }
  }
  const headers: Field[] = [];
  for (const [name, value] of Object.entries(source.headers ?? {})) {
    const parts = parseHeader(name, value, compile);
    if (!parts.ok) return { ...parts, reason: `header \`${name}\`: ${parts.reason}` };
    headers.push({ name: name.toLowerCase(), pieces: toPieces(parts.value, asIs, expressions) });
  }
  const segments = line.value.segments.map((segment) => toPieces(segment, asIs, expressions));
  const layout: Layout = { segments, query, headers };

  return {
    ok: true,
    value: {
      text: source.request,
      method: line.value.method,
      uses: new Set(expressions.flatMap((expression) => [...expression.uses])),
      render: (scope) => evaluateAll(expressions, scope, (values) => fill(layout, values), failed),
    },
  };
}

/** The parts of a query parameter's value. */
export function parseValue(value: ValueSource, compile: Compile): Parsed<readonly Part[]> {
  if (typeof value === "object") return { ok: true, value: [{ kind: "value", expression: value, offset: 0 }] };
  const parts = parseTemplate(String(value), compile);
  if (parts.ok && !String(value).isWellFormed())
    return { ok: false, reason: "it has half of a character (a lone surrogate)", offset: 0 };
  return parts;
}

/** The parts of a header's value (S7); its literals may hold spaces, as in `Bearer {token}`. */
export function parseHeader(name: string, value: ValueSource, compile: Compile): Parsed<readonly Part[]> {
  if (!/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/.test(name))
    return { ok: false, reason: "it is not a header's name (RFC 9110, 5.1)", offset: 0 };
  const parts = parseValue(value, compile);
  if (!parts.ok) return parts;
  const bad = parts.value.find((part) => part.kind === "literal" && !/^[\x20-\x7e]*$/.test(part.text));
  if (bad !== undefined)
    return { ok: false, reason: "a header takes visible ASCII characters only", offset: bad.offset };
  if (parts.value.length === 0) return { ok: false, reason: "it is empty", offset: 0 };
  return parts;
}

function toPieces(
  parts: readonly Part[],
  encode: (literal: string) => string,
  expressions: Expression[],
): readonly Piece[] {
  let quotes = 0;
  return parts.map((part) => {
    if (part.kind === "literal") {
      quotes += part.text.split(/'|%27/).length - 1;
      return encode(part.text);
    }
    expressions.push(part.expression);
    return { slot: expressions.length - 1, name: part.expression.text, quoted: quotes % 2 === 1 };
  });
}

function fill({ segments, query, headers }: Layout, values: Values): RenderedRequest {
  let path = "";
  for (const pieces of segments) {
    const segment = fillPieces(pieces, values, pathText);
    if (!segment.ok) return segment;
    if (isDotSegment(segment.text))
      return { ok: false, reason: `the path segment \`${segment.text}\` would climb out of its place` };
    path += `/${segment.text}`;
  }
  // S1: nothing that was filled in added a segment, a query or a fragment.
  invariant(
    path.split("/").length - 1 === segments.length && PATH.test(path),
    "S1",
    `the path ${path} has another shape than its template`,
  );
  for (const [index, { name, pieces }] of query.entries()) {
    path += `${index === 0 ? "?" : "&"}${name}`;
    if (pieces === undefined) continue;
    const value = fillPieces(pieces, values, queryText);
    if (!value.ok) return value;
    path += `=${value.text}`;
  }
  if (path.length > ADDRESS_LENGTH_MAX)
    return { ok: false, reason: `its address is longer than ${ADDRESS_LENGTH_MAX} characters` };
  const filled: Record<string, string> = {};
  for (const { name, pieces } of headers) {
    const value = fillPieces(pieces ?? [], values, headerText);
    if (!value.ok) return { ok: false, reason: `header \`${name}\`: ${value.reason}` };
    filled[name] = value.text;
  }
  return { ok: true, path, headers: filled };
}

function fillPieces(
  pieces: readonly Piece[],
  values: Values,
  encode: (value: Json | undefined, name: string, quoted: boolean) => ValueText,
): ValueText {
  let text = "";
  for (const piece of pieces) {
    if (typeof piece === "string") {
      text += piece;
      continue;
    }
    const value = encode(values[piece.slot], piece.name, piece.quoted);
    if (!value.ok) return value;
    text += value.text;
  }
  return { ok: true, text };
}

/** An expression that failed makes this record's address unusable; anything else is a defect. */
function failed(error: unknown): RenderedRequest {
  if (!(error instanceof EvenkeelError) || error.code === "INVARIANT") throw error;
  return { ok: false, reason: error.message };
}
