import { parseRequestLine } from "../core/request-line.ts";
import { parseHeader, parseValue } from "../core/url-template.ts";
import type { Config, SourceConfig, TemplateSource } from "./config.ts";
import type { Document, Path } from "./document.ts";
import { problemAt } from "./problems.ts";
import type { Problem } from "../core/errors.ts";
import { NO_RECORD } from "./request-schema.ts";

interface Unfit {
  readonly path: Path;
  readonly message: string;
  readonly next?: string;
}

/** What a list of parents needs, and what it does not go with. */
export function unfitParents(config: Config, document: Document): readonly Problem[] {
  return Object.entries(config.syncs).flatMap(([name, { source }]) =>
    (source.parents === undefined ? orphaned(source) : unfit(source)).map(({ path, message, next }) =>
      problemAt(document, ["syncs", name, "source", ...path], message, next === undefined ? {} : { next }),
    ),
  );
}

function unfit({ read, cursor }: SourceConfig): readonly Unfit[] {
  const problems: (Unfit | false)[] = [
    read !== undefined && {
      path: ["read"],
      message: "does not go with `parents`: a key alone does not say whose list the record is in",
      next: "Leave it out; then two complete reads must miss a record.",
    },
    cursor?.sorted === true &&
      cursor.of === "records" && {
        path: ["cursor", "sorted"],
        message: "does not go with `parents`: each list begins anew",
        next: "Leave it out; then the cursor moves when all lists were read.",
      },
  ];
  return problems.filter((problem) => problem !== false);
}

/** Without parents there is no record to take values from. */
function orphaned({ request, query, headers, cursor }: SourceConfig): readonly Unfit[] {
  const refuse = (): typeof NO_RECORD => NO_RECORD;
  const parses: readonly (readonly [Path, { readonly ok: boolean }])[] = [
    [["request"], parseRequestLine(request, refuse)],
    ...textsOf(query).map(([name, text]) => [["query", name], parseValue(text, refuse)] as const),
    ...textsOf(headers).map(([name, text]) => [["headers", name], parseHeader("x", text, refuse)] as const),
  ];
  const problems: Unfit[] = parses.flatMap(([path, { ok }]) =>
    ok ? [] : [{ path, message: `is not usable: ${NO_RECORD.reason}` }],
  );
  if (cursor?.of !== "parents") return problems;
  const next = "Declare `parents`, or leave it out.";
  return [...problems, { path: ["cursor", "of"], message: "is `parents`, and none are declared", next }];
}

/** The texts among the values of a query or of headers. */
const textsOf = (
  values: Readonly<Record<string, TemplateSource | readonly TemplateSource[]>>,
): readonly (readonly [string, string])[] =>
  Object.entries(values).flatMap(([name, value]) =>
    [value].flat().flatMap((text) => (typeof text === "string" ? [[name, text] as const] : [])),
  );
