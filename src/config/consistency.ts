import type { Problem } from "../core/errors.ts";
import type { Config } from "./config.ts";
import { valueAt, type Document, type Path } from "./document.ts";
import { hasFunction } from "./mapping-leaf.ts";
import { namesOf, nearest } from "./nearest.ts";
import { problemAt } from "./problems.ts";

/**
 * What one key says about another. Looks at the document as it was written, so that these problems are told together with
 * those of the schema, whatever else is wrong.
 */
export function inconsistencies(document: Document): readonly Problem[] {
  const { value } = document;
  const connections = namesIn(valueAt(value, ["connections"]));
  const syncs = namesIn(valueAt(value, ["syncs"]));
  const problems: Problem[] = [];
  if (connections?.length === 0) problems.push(problemAt(document, ["connections"], "declares no connection"));
  if (syncs?.length === 0) problems.push(problemAt(document, ["syncs"], "declares no sync"));
  for (const name of syncs ?? []) {
    for (const end of ENDS) {
      const path = ["syncs", name, end, "connection"];
      problems.push(...unknownConnection(document, path, valueAt(value, path), connections));
    }
    problems.push(
      ...addressing(document, ["syncs", name]),
      ...unversioned(document, ["syncs", name]),
      ...bodyless(document, ["syncs", name, "source"]),
    );
  }
  return problems;
}

/** Connections that are no longer known once `${}` was replaced in their names. */
export function unknownConnections(config: Config, document: Document): readonly Problem[] {
  const known = Object.keys(config.connections);
  return Object.entries(config.syncs).flatMap(([name, sync]) =>
    ENDS.flatMap((end) => unknownConnection(document, ["syncs", name, end, "connection"], sync[end].connection, known)),
  );
}

const ENDS = ["source", "destination"] as const;

/** The keys of a map; undefined when it is none, which the schema tells. */
function namesIn(value: unknown): readonly string[] | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : undefined;
}

function unknownConnection(
  document: Document,
  path: Path,
  name: unknown,
  known: readonly string[] | undefined,
): readonly Problem[] {
  if (
    typeof name !== "string" ||
    name.includes("${") ||
    known === undefined ||
    known.length === 0 ||
    known.includes(name)
  )
    return [];
  const meant = nearest(name, known);
  const next = meant === undefined ? `There are ${namesOf(known)}.` : `Did you mean \`${meant}\`?`;
  return [problemAt(document, path, `names \`${name}\`, which is no connection`, { next })];
}

/** A record has its own address (`upsert`, `upsertMany`), or the destination assigns ids (`create`, `update`, `find`): never both. */
function addressing(document: Document, sync: Path): readonly Problem[] {
  const path = [...sync, "destination"];
  const declared = namesIn(valueAt(document.value, path));
  if (declared === undefined) return [];
  const has = (name: string): boolean => declared.includes(name);
  const own = ["upsert", "upsertMany"].find(has);
  const other = ["create", "createMany", "update", "find"].find(has);
  if (own !== undefined && other !== undefined) {
    const next =
      "Keep `upsert` where a record has its own address, or `create`, `update` and `find` where the destination assigns ids.";
    return [problemAt(document, [...path, other], `does not go with \`${own}\``, { next })];
  }
  const batches = unfitBatches(document, path, has);
  if (batches.length > 0) return batches;
  const fences = unfitPrecondition(document, path, has);
  if (fences.length > 0) return fences;
  if (has("adopt") && !has("list"))
    return [
      problemAt(document, [...path, "adopt"], "needs `list`, which shows what there is", {
        next: "Declare the destination's `list`.",
      }),
    ];
  if (has("upsert") || has("upsertMany")) return [];
  const updateOnly = valueAt(document.value, [...sync, "writes"]) === "updateOnly";
  if (updateOnly && !has("update"))
    return [problemAt(document, path, "has neither `upsert` nor `update`, and `writes` is `updateOnly`")];
  if (updateOnly || has("create")) return [];
  return [problemAt(document, path, "has neither `upsert` nor `create`: it says no way to write a record")];
}

/** U4: a version must be learned of one record, and borne by one write. */
function unfitPrecondition(document: Document, path: Path, has: (name: string) => boolean): readonly Problem[] {
  const declared = valueAt(document.value, [...path, "precondition"]);
  if (declared === undefined || declared === "none") return [];
  const problem = (name: string, message: string, next: string): readonly Problem[] => [
    problemAt(document, [...path, name], message, { next }),
  ];
  if (!has("read") && !has("find"))
    return problem(
      "precondition",
      "needs `read` or `find`, by which a record's version is learned",
      "Declare `read: GET /items/{sku}`, or whatever reads one record.",
    );
  if (has("deleteMany"))
    return problem(
      "deleteMany",
      "does not go with `precondition`: a batch bears no version of one record",
      "Leave out one of them.",
    );
  if (has("upsertMany") && !has("upsert"))
    return problem(
      "upsertMany",
      "needs `upsert` besides `precondition`: what bears a version goes alone",
      "Declare `upsert: PUT /items/{sku}`, or whatever replaces one record.",
    );
  return [];
}

/** What is lost with a batch is found out for each of its records alone, so there must be a request for one. */
function unfitBatches(document: Document, path: Path, has: (name: string) => boolean): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [many, one] of [
    ["createMany", "create"],
    ["deleteMany", "delete"],
  ] as const)
    if (has(many) && !has(one))
      problems.push(
        problemAt(document, [...path, many], `needs \`${one}\`, by which a record goes alone`, {
          next: `Declare \`${one}\` besides it.`,
        }),
      );
  if (has("createMany") && valueAt(document.value, [...path, "createMany", "results"]) === undefined)
    problems.push(
      problemAt(
        document,
        [...path, "createMany"],
        "needs `results`: which record was given which id is not known without",
        {
          next: "Declare `results: { each: data }`, or wherever the answer has one result for each record.",
        },
      ),
    );
  for (const [many, one] of [
    ["createMany", "create"],
    ["upsertMany", "upsert"],
  ] as const)
    if (has(many) && valueAt(document.value, [...path, one, "idempotencyKey"]) !== undefined)
      problems.push(
        problemAt(
          document,
          [...path, one, "idempotencyKey"],
          `does not go with \`${many}\`: a batch has no key of one record`,
          {
            next: one === "create" ? `Declare \`find\` instead, or leave out \`${many}\`.` : `Leave out one of them.`,
          },
        ),
      );
  return problems;
}

/** Syncs that would have to run before themselves, and names that are none. */
export function unorderedSyncs(config: Config, document: Document): readonly Problem[] {
  const { syncs } = config;
  const names = Object.keys(syncs);
  const reaches = (from: string, to: string, seen: Set<string>): boolean =>
    (syncs[from]?.after ?? []).some((name) => {
      if (name === to) return true;
      if (seen.has(name)) return false;
      seen.add(name);
      return reaches(name, to, seen);
    });
  return names.flatMap((name) => {
    const path = ["syncs", name, "after"];
    const unknown = syncs[name]?.after.find((other) => !names.includes(other));
    if (unknown !== undefined)
      return [
        problemAt(document, path, `names \`${unknown}\`, which is no sync`, { next: `There are ${namesOf(names)}.` }),
      ];
    return reaches(name, name, new Set())
      ? [
          problemAt(document, path, "comes round to itself: each of them would have to run first", {
            next: "Take one of them out.",
          }),
        ]
      : [];
  });
}

/** R2: a create has no address of its own, so that it is the same one again only a key or a search can tell. */
export function repeatedCreates(config: Config, document: Document): readonly Problem[] {
  const next = "Declare `idempotencyKey` or `find`, or `upsert` where the address or the body names the record.";
  return Object.entries(config.syncs).flatMap(([name, { destination }]) =>
    destination.create?.idempotent === true
      ? [
          problemAt(
            document,
            ["syncs", name, "destination", "create", "idempotent"],
            "does not go with `create`, which would make a second record",
            { next },
          ),
        ]
      : [],
  );
}

/** RFC 9110, 9.3.1: content in a GET has no meaning. */
function bodyless(document: Document, path: Path): readonly Problem[] {
  const request = valueAt(document.value, [...path, "request"]);
  const isGet = typeof request === "string" && request.startsWith("GET ");
  if (!isGet || valueAt(document.value, [...path, "body"]) === undefined) return [];
  return [
    problemAt(document, [...path, "body"], "is for a POST", { next: "Write `request: POST ...`, or leave it out." }),
  ];
}

/** P10: what a function does can change without its text, so a version stands for it. */
function unversioned(document: Document, sync: Path): readonly Problem[] {
  const isVersioned = valueAt(document.value, [...sync, "mappingVersion"]) !== undefined;
  if (isVersioned || !hasFunction(valueAt(document.value, [...sync, "mapping"]))) return [];
  const next = `Add \`mappingVersion: "1"\` beside it, and raise it when a function changes.`;
  return [
    problemAt(document, [...sync, "mapping"], "has a function, and no version by which a change of it is noticed", {
      next,
    }),
  ];
}
