import { parseRequestLine } from "../core/request-line.ts";
import { parseHeader, parseValue } from "../core/url-template.ts";
import type { Config, SourceConfig, TemplateSource } from "./config.ts";
import type { Document, Path } from "./document.ts";
import { expressionsOfRequest, inputPaths } from "./input-paths.ts";
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

function unfit(source: SourceConfig): readonly Unfit[] {
  const { read, cursor } = source;
  const problems: (Unfit | false)[] = [
    unnamed(source),
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

/** Each list is asked for by its parent, which is all that its request sees. */
function unnamed({ parents, request, query, headers }: SourceConfig): Unfit | false {
  const as = parents?.as ?? "";
  const expressions = expressionsOfRequest({ request, query, headers });
  const roots = expressions.flatMap((expression) => inputPaths(expression).map(([root]) => root?.name));
  const stranger = roots.find((root) => root !== as);
  if (stranger !== undefined)
    return {
      path: ["request"],
      message: `takes \`${stranger}\`, and sees only the parent, as \`${as}\``,
      next: `Write \`{${as}.id}\`, or whichever of its fields.`,
    };
  const maySee = roots.length > 0 || expressions.some((expression) => typeof expression === "function");
  return (
    !maySee && {
      path: ["request"],
      message: "does not take anything of its parent, so every parent's list would be the same",
      next: `Write, say, \`GET /orders/{${as}.id}/items\`, or leave out \`parents\`.`,
    }
  );
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
