import type { Problem } from "../core/errors.ts";
import type { Config, PaginationConfig, RequestConfig, SourceConfig, SyncConfig, WriteConfig } from "./config.ts";
import type { Document, Path } from "./document.ts";
import type { ExpressionSource } from "./expression.ts";
import { expressionsOfRequest, inputPaths } from "./input-paths.ts";
import { problemAt } from "./problems.ts";

/** What is wrong with a part of a sync, and what to do about it. */
interface Unfit {
  readonly path: Path;
  readonly message: string;
  readonly next: string;
}

/** What deletes need, and what they do not go with (D1, D2). */
export function unfitDeletes(config: Config, document: Document): readonly Problem[] {
  return Object.entries(config.syncs).flatMap(([name, sync]) =>
    [...unfitMode(sync), ...unfitDelete(sync, config.state.bodies)].map(({ path, message, next }) =>
      problemAt(document, ["syncs", name, ...path], message, { next }),
    ),
  );
}

function unfitMode({ source, destination, deletes, writes }: SyncConfig): readonly Unfit[] {
  const { mode } = deletes;
  if (mode === "never") return [];
  const path = ["deletes", "mode"];
  const shifting = [source, ...(source.parents === undefined ? [] : [source.parents])].find(({ pagination }) =>
    mayShift(pagination),
  );
  const problems: (Unfit | false)[] = [
    destination.delete === undefined && {
      path,
      message: `is \`${mode}\`, and the destination declares no \`delete\``,
      next: "Add `delete: DELETE /items/{$key}` to the destination, or whatever deletes a record there.",
    },
    mode === "tombstone" &&
      source.tombstone === undefined && {
        path,
        message: "is `tombstone`, and the source declares no `tombstone`",
        next: "Add `tombstone: deleted_at != null` to the source, or whatever marks a record as deleted there.",
      },
    mode === "mirror" &&
      shifting !== undefined &&
      source.read === undefined && {
        path,
        message: `is \`mirror\`, and records can move between numbered pages while they are read, so that one seems to have gone`,
        next: proofOf(source, shifting),
      },
    mode === "mirror" &&
      source.read !== undefined &&
      source.key.length > 1 && {
        path: ["source", "read"],
        message:
          "asks for a record by `$key`, which is one text, and this key has parts: what the source does not know by that text would count as gone",
        next: "Leave out `source.read`; then two complete reads must miss a record.",
      },
    writes !== "both" && {
      path: ["writes"],
      message: `is \`${writes}\`, which does not go with \`deletes\``,
      next: "Leave out one of them.",
    },
  ];
  return problems.filter((problem) => problem !== false);
}

const mayShift = (pagination: PaginationConfig): boolean =>
  pagination.type === "page" || (pagination.type === "offset" && pagination.overlap === 0);

/** What would prove that a record has gone. */
function proofOf({ parents }: SourceConfig, { pagination }: { readonly pagination: PaginationConfig }): string {
  const ways = [
    ...(parents === undefined ? ["`source.read`, so that the source is asked for each record that is missing"] : []),
    ...(pagination.type === "offset"
      ? [`\`overlap\` in the \`pagination\` ${parents?.pagination === pagination ? "of `parents`" : "of the list"}`]
      : []),
    "another pagination, where the API has one (by token, by link, or `offset` with `overlap`)",
  ];
  return `Declare ${ways.join(", or ")}.`;
}

/** A delete knows its record's key, id and address, and what was last written of it. */
function unfitDelete({ destination }: SyncConfig, keepsBodies: boolean): readonly Unfit[] {
  const declared = destination.delete;
  if (declared === undefined) return [];
  const path = ["destination", "delete"];
  if (declared.body === undefined && !declared.request.startsWith("DELETE "))
    return [
      {
        path,
        message: "has no `body`, so it does not say that the record is deleted",
        next: "Add one: `body: \"{ 'active': false }\"`.",
      },
    ];
  const many = destination.deleteMany?.body;
  const inBatch = typeof many === "string" && many.includes("$source");
  if (inBatch || textOf(declared).includes("$source"))
    return [
      {
        path: inBatch ? ["destination", "deleteMany"] : path,
        message: "refers to `$source`, and of a record that has gone there is none",
        next: "Use `$key`, `$id`, or fields of the mapped record.",
      },
    ];
  if (!keepsBodies && needsRecord(destination))
    return [
      {
        path,
        message: "takes fields of the mapped record, which are not kept, since `state.bodies` is `false`",
        next: "Use `$key` or `$id`, or the address of `upsert`.",
      },
    ];
  return [];
}

const textOf = ({ request, query, headers, body }: WriteConfig): string =>
  JSON.stringify([request, query, headers, typeof body === "string" ? body : ""]);

/** Whether a request goes to the very address that the record was written to, which the ledger keeps (U10). */
export function isAtAddress(
  { upsert }: Pick<SyncConfig["destination"], "upsert">,
  declared: RequestConfig | undefined,
): boolean {
  if (upsert === undefined || declared === undefined) return false;
  const addressOf = ({ request, query }: RequestConfig): string =>
    JSON.stringify([
      request.replace(/^[A-Z]+\s+/, ""),
      Object.entries(query).map(([name, value]) => [name, String(value)]),
    ]);
  return addressOf(upsert) === addressOf(declared);
}

/** Whether a delete takes fields of the record. Its key, id and address the ledger has in any case. */
export function needsRecord(destination: SyncConfig["destination"]): boolean {
  const { delete: declared } = destination;
  if (declared === undefined) return false;
  const body = [
    declared.body ?? [],
    destination.deleteMany === undefined ? [] : (destination.deleteMany.body ?? "$"),
  ].flat();
  const address = isAtAddress(destination, declared) ? [] : expressionsOfRequest(declared);
  return [...address, ...body].some(readsInput);
}

/** A function may read anything. A bare `$` is the input itself. */
const readsInput = (source: ExpressionSource): boolean =>
  typeof source === "function" || inputPaths(source).length > 0 || /\$(?!\w)/.test(String(source));
