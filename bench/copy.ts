/** The config of a copy from a server to itself. */
import type { ConfigInput } from "../src/index.ts";
import { MAPPINGS, type Kind } from "./records.ts";

/** How many requests are under way. */
export const CONCURRENCY = 64;

export type SyncInput = ConfigInput["syncs"][string];

export const SOURCE: SyncInput["source"] = {
  connection: "api",
  request: "GET /records",
  records: "data",
  key: "id",
  pagination: { type: "cursor", next: "next", param: "cursor" },
};

/** A POST with a key for each new record, instead of a PUT. */
export const CREATE: CopyOptions = {
  sync: {
    destination: { create: { request: "POST /items", id: "id", idempotencyKey: { header: "Idempotency-Key" } } },
  },
};

/** So many records in one PUT. */
export const BATCH = 100;
export const BATCHES: CopyOptions = {
  sync: { destination: { upsertMany: { request: "PUT /items/batch", size: BATCH, body: "$" } } },
};

export interface CopyOptions {
  readonly kind?: Kind;
  readonly concurrency?: number;
  readonly sync?: Partial<Omit<SyncInput, "destination">> & {
    readonly destination?: Partial<SyncInput["destination"]>;
  };
  readonly names?: readonly string[];
}

export function copyConfig(
  base: string,
  { kind = "generated", concurrency = CONCURRENCY, sync = {}, names = ["records"] }: CopyOptions = {},
): ConfigInput {
  const upsert = sync.destination?.create === undefined ? { upsert: "PUT /items/{id}" } : {};
  const copy = {
    source: SOURCE,
    mapping: MAPPINGS[kind],
    ...sync,
    destination: { connection: "api", ...upsert, ...sync.destination },
  } as SyncInput;
  return {
    connections: { api: { baseUrl: base, limits: { concurrency } } },
    syncs: Object.fromEntries(names.map((name) => [name, copy])),
  };
}
