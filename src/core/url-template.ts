import { reasonIn } from "./absent-value.ts";
import { EvenkeelError } from "./errors.ts";
import type { Eventual } from "./eventual.ts";
import type { Expression, Scope } from "./expression.ts";
import { invariant } from "./invariant.ts";
import { scalarText, type Json } from "./json.ts";
import { parseRequestLine } from "./request-line.ts";
import { evaluateAll, parseTemplate, type Compile, type Parsed, type Part } from "./template.ts";
import {
  encodeValue,
  headerText,
  isDotSegment,
  pathText,
  queryText,
  type Unusable,
  type ValueText,
} from "./url-value.ts";

export type RenderedRequest =
  | {
      readonly ok: true;
      /** Path and query, to be appended to the base address. */
      readonly path: string;
      /** The text of the one value in it; undefined when there are more, or none. */
      readonly onlyValue?: string | undefined;
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, string>>;
    }
  | ({ readonly ok: false } & Unusable);

/** A request as the config writes it: `PUT /items/{sku}`, with its query and headers. */
export interface RequestTemplate {
  readonly text: string;
  readonly method: string;
  /** Binding names that its expressions refer to. */
  readonly uses: ReadonlySet<string>;
  /** Its headers, where none depends on the record: then the rendered path is all that tells two records' requests apart. */
  readonly fixedHeaders: Readonly<Record<string, string>> | undefined;
  /** Whether its path, without the query, is the same for every record: then 404 says nothing of one of them. */
  readonly isFixedPath: boolean;
  /**
   * Renders it for one record. A value that could leave its place (S1, S7) gives a reason instead, and so does an expression
   * that fails. Throws only `INVARIANT`.
   */
  render(scope: Scope): Eventual<RenderedRequest>;
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
  readonly fixedHeaders: RequestTemplate["fixedHeaders"];
  /** True when there is one value in all of it: then different values give different paths. */
  readonly hasOneValue: boolean;
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
  const fixedHeaders = fixed(headers);
  const hasOneValue = expressions.length === 1 && fixedHeaders !== undefined;
  const layout: Layout = { segments, query, headers, fixedHeaders, hasOneValue };
  const then = (values: Values): RenderedRequest => fill(layout, values);

  return {
    ok: true,
    value: {
      text: source.request,
      method: line.value.method,
      uses: new Set(expressions.flatMap((expression) => [...expression.uses])),
      fixedHeaders,
      isFixedPath: segments.flat().every((piece) => typeof piece === "string"),
      render(scope) {
        const tell = (rendered: RenderedRequest): RenderedRequest =>
          rendered.ok ? rendered : { ok: false, reason: reasonIn(scope, rendered, expressions) };
        const rendered = evaluateAll(expressions, scope, then, failed);
        return rendered instanceof Promise ? rendered.then(tell) : tell(rendered);
      },
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

/** The headers when none of them has a value in it. */
function fixed(headers: readonly Field[]): Record<string, string> | undefined {
  const all: Record<string, string> = {};
  for (const { name, pieces } of headers) {
    const text = fillPieces(pieces ?? [], [], () => NOT_FIXED);
    if (typeof text !== "string") return undefined;
    all[name] = text;
  }
  return all;
}

const NOT_FIXED: Unusable = { reason: "it depends on the record" };

function fill(layout: Layout, values: Values): RenderedRequest {
  const { segments, query, fixedHeaders } = layout;
  let path = "";
  for (const pieces of segments) {
    const segment = fillPieces(pieces, values, pathText);
    if (typeof segment !== "string") return refused(segment);
    if (isDotSegment(segment))
      return refused({ reason: `the path segment \`${segment}\` would climb out of its place` });
    path += `/${segment}`;
  }
  // S1: nothing that was filled in added a segment, a query or a fragment.
  if (slashesIn(path) !== segments.length || !PATH.test(path))
    invariant(false, "S1", `the path ${path} has another shape than its template`);
  let separator = "?";
  for (const { name, pieces } of query) {
    path += separator + name;
    separator = "&";
    if (pieces === undefined) continue;
    const value = fillPieces(pieces, values, queryText);
    if (typeof value !== "string") return refused(value);
    path += `=${value}`;
  }
  if (path.length > ADDRESS_LENGTH_MAX)
    return refused({ reason: `its address is longer than ${ADDRESS_LENGTH_MAX} characters` });
  if (fixedHeaders !== undefined)
    return layout.hasOneValue
      ? { ok: true, path, onlyValue: scalarText(values[0]), headers: fixedHeaders }
      : { ok: true, path, headers: fixedHeaders };
  const headers: Record<string, string> = {};
  for (const { name, pieces } of layout.headers) {
    const value = fillPieces(pieces ?? [], values, headerText);
    if (typeof value !== "string") return refused({ ...value, reason: `header \`${name}\`: ${value.reason}` });
    headers[name] = value;
  }
  return { ok: true, path, headers };
}

function fillPieces(
  pieces: readonly Piece[],
  values: Values,
  encode: (value: Json | undefined, name: string, quoted: boolean) => ValueText,
): ValueText {
  let text = "";
  for (const piece of pieces) {
    const part = typeof piece === "string" ? piece : encode(values[piece.slot], piece.name, piece.quoted);
    if (typeof part !== "string") return part;
    text += part;
  }
  return text;
}

function slashesIn(path: string): number {
  let count = 0;
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) count += 1;
  return count;
}

const refused = (unusable: Unusable): RenderedRequest => ({ ok: false, ...unusable });

/** An expression that failed makes this record's address unusable; anything else is a defect. */
function failed(error: unknown): RenderedRequest {
  if (!(error instanceof EvenkeelError) || error.code === "INVARIANT") throw error;
  return { ok: false, reason: error.message };
}
