import * as z from "zod";
import { parseRequestLine } from "../core/request-line.ts";
import { escapeTemplate, type Compile, type Parsed } from "../core/template.ts";
import { parseHeader, parseValue } from "../core/url-template.ts";
import type { TemplateSource } from "./config.ts";
import { compileText, type CompileOptions } from "./expression.ts";
import { found, leaf, map, type LeafReading } from "./leaf.ts";
import { namesOf } from "./nearest.ts";
import type { Substitute } from "./secrets.ts";

export interface RequestRules {
  readonly methods: readonly string[];
  /** What the expressions in `{}` see; undefined where there is no record. */
  readonly sees: CompileOptions | undefined;
  /** What it renders to is kept in the ledger with an unresolved write, so no secret may be in it (S6). */
  readonly isStored?: boolean;
}

interface RequestShape extends z.core.$ZodLooseShape {
  readonly request: z.ZodType<string>;
  readonly query: z.ZodType<Readonly<Record<string, TemplateSource | readonly TemplateSource[]>>>;
  readonly headers: z.ZodType<Readonly<Record<string, TemplateSource>>>;
}

export const READING: readonly string[] = ["GET", "POST"];
export const WRITING: readonly string[] = ["PUT", "POST", "PATCH", "DELETE"];

/** The keys that every request has. `${}` is replaced in the fixed parts of its templates, and stands for itself there. */
export function requestShape(substitute: Substitute, { methods, sees, isStored = false }: RequestRules): RequestShape {
  const template = (
    secret: boolean,
    parse: (text: string, compile: Compile) => Parsed<unknown>,
  ): ((text: string) => LeafReading<string>) => {
    return (given) => {
      if (secret && isStored && given.replaceAll("$${", "").includes("${")) return { ok: false, reason: STORED };
      const text = substitute(given, secret, escapeTemplate);
      if (!text.ok) return { ...text, code: "CONFIG_SECRET_MISSING" };
      let inExpression = false;
      const compile: Compile = (inner) => {
        const compiled = sees === undefined ? NO_RECORD : compileText(inner, sees);
        inExpression ||= !compiled.ok;
        return compiled;
      };
      const parsed = parse(text.value, compile);
      if (parsed.ok) return { ok: true, value: text.value };
      const position = text.value === given ? { offset: parsed.offset } : {};
      return {
        ok: false,
        reason: `is not usable: ${parsed.reason}`,
        ...position,
        ...(inExpression ? { code: "CONFIG_EXPRESSION" as const } : {}),
      };
    };
  };
  const value = (read: (text: string) => LeafReading<string>): ((raw: unknown) => LeafReading<TemplateSource>) => {
    return (raw) => {
      if (typeof raw === "function" && sees !== undefined) return { ok: true, value: raw as TemplateSource };
      if (typeof raw === "string" || typeof raw === "number" || typeof raw === "boolean") return read(String(raw));
      return {
        ok: false,
        reason: `takes a text, with expressions in \`{}\`; ${found(raw)}`,
        quote: typeof raw === "object" && raw !== null,
      };
    };
  };
  const readLine = template(false, (text, compile) => {
    const line = parseRequestLine(text, compile);
    if (!line.ok || methods.includes(line.value.method)) return line;
    return { ok: false, reason: `\`${line.value.method}\` is not for this: use ${namesOf(methods)}`, offset: 0 };
  });
  const meta = { type: ["string", "number", "boolean"], "x-type": "Template" };
  const queryValue = leaf(meta, value(template(false, parseValue)));
  const headerValue = leaf(meta, value(template(true, (text, compile) => parseHeader("x", text, compile))));

  return {
    request: leaf({ type: "string", "x-kind": "method and path" }, (raw) =>
      typeof raw === "string"
        ? readLine(raw)
        : { ok: false, reason: `takes a method and a path, such as \`GET /products\`; ${found(raw)}` },
    ).describe("The method and the path, which is appended to the connection's `baseUrl`."),
    query: z
      .record(z.string(), oneOrMore(queryValue))
      .prefault({})
      .describe("Query parameters; they are encoded for you. A list repeats its parameter."),
    headers: z
      .record(headerNames, headerValue)
      .prefault({})
      .describe("Headers of this request, besides the connection's."),
  };
}

const headerNames = z.string().regex(/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/, "is not a header's name");

const STORED =
  "takes no `${...}`: a write's headers are kept in the ledger until its outcome is known; put it into the connection's `headers` or `auth`";

export const NO_RECORD = {
  ok: false,
  reason:
    "a request for a list has no record to take values from; write `{{` and `}}` for braces that stand for themselves",
  offset: 0,
} as const;

function oneOrMore(value: z.ZodType<TemplateSource>): z.ZodType<TemplateSource | readonly TemplateSource[]> {
  const list = z.array(value);
  return z
    .unknown()
    .transform((raw, context): TemplateSource | readonly TemplateSource[] => {
      const result = Array.isArray(raw) ? list.safeParse(raw) : value.safeParse(raw);
      if (result.success) return result.data;
      for (const issue of result.error.issues) context.issues.push({ ...issue, input: raw } as z.core.$ZodRawIssue);
      return z.NEVER;
    })
    .meta({
      type: ["string", "number", "boolean", "array"],
      items: { type: ["string", "number", "boolean"] },
      "x-type": "Template | readonly Template[]",
    });
}

/** A request with these keys; a text is short for its `request` alone. */
export function request<Shape extends RequestShape>(
  shape: Shape,
): z.ZodType<z.output<z.ZodObject<Shape, z.core.$strict>>> {
  return z
    .preprocess((raw) => (typeof raw === "string" ? { request: raw } : raw), map(shape))
    .meta({ "x-or": "request" });
}
