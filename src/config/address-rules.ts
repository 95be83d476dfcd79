import type { Problem } from "../core/errors.ts";
import { namesText } from "../core/record-shape.ts";
import type { Config, MappingTree, RequestConfig, SyncConfig } from "./config.ts";
import type { Document } from "./document.ts";
import { expressionsOfRequest } from "./input-paths.ts";
import { nearest } from "./nearest.ts";
import { inputSteps } from "./path.ts";
import { problemAt } from "./problems.ts";

/** Requests of a destination that are made of one mapped record. */
const REQUESTS = ["upsert", "create", "update", "delete", "find", "read"] as const;

/** Requests that take a field which the declared mapping never gives: every record would be refused for it. */
export function unfitAddresses(config: Config, document: Document): readonly Problem[] {
  return Object.entries(config.syncs).flatMap(([sync, { mapping, destination }]) =>
    isMap(mapping)
      ? REQUESTS.flatMap((name) =>
          missingFields(destination[name], mapping).map((field) =>
            problemAt(
              document,
              ["syncs", sync, "destination", name],
              `takes \`{${field}}\`, which the mapping does not give`,
              { next: adviceFor(field, mapping, name) },
            ),
          ),
        )
      : [],
  );
}

type Mapped = Readonly<Record<string, MappingTree>>;

const isMap = (mapping: SyncConfig["mapping"]): mapping is Mapped =>
  typeof mapping === "object" && mapping !== null && !Array.isArray(mapping);

/** Plain paths alone: any other expression may do without what is absent. */
function missingFields(request: RequestConfig | undefined, mapping: Mapped): readonly string[] {
  if (request === undefined) return [];
  const names = expressionsOfRequest(request).flatMap((source) =>
    typeof source === "string" ? (inputSteps(source.trim())?.[0]?.name ?? []) : [],
  );
  return [...new Set(names)].filter((name) => !Object.hasOwn(mapping, name));
}

/** The field that holds it under another name, or has nearly its name; the source's own field, where there is a record of the source. */
function adviceFor(field: string, mapping: Mapped, request: (typeof REQUESTS)[number]): string {
  const fields = Object.keys(mapping);
  const same = fields.find((name) => mapping[name] === field) ?? nearest(field, fields);
  const own =
    request === "delete" ? "`{$key}` for the source's key" : `\`{$source.${field}}\` for the source's own field`;
  const ways = [...(same === undefined ? [] : [`\`{${same}}\``]), own].join(", or ");
  return `The mapped record has ${namesText(fields)}: write ${ways}.`;
}
