import type { IncomingMessage, ServerResponse } from "node:http";
import type { Chance, Clock } from "../../core/clock.ts";
import { listen, sendJson, type Listener } from "./listener.ts";

/** A product or customer of the demo's source. */
export interface StoreRecord {
  readonly id: number;
  readonly updated_at: string;
  readonly [field: string]: unknown;
}

export type Collection = "products" | "customers";

/** The demo's source API: cursor paging, `updated_since`, a bearer token, and now and then a page that fails or is cut short. */
export interface Store extends Listener {
  readonly records: Record<Collection, StoreRecord[]>;
  readonly trouble: { failedPages: number; cutPages: number };
  /** Changes records spread over a collection, as if somebody worked there meanwhile. */
  edit(collection: Collection, count: number): void;
}

export const STORE_TOKEN = "demo-store-token";
const PAGE_SIZE = 100;
/** One page in so many fails, and one in so many is cut short. */
const FAIL_SHARE = 0.05;
const CUT_SHARE = 0.05;

const WORDS = [
  "amber",
  "brass",
  "cedar",
  "delft",
  "ember",
  "flint",
  "grove",
  "hazel",
  "ivory",
  "jade",
  "kelp",
  "linen",
];
const THINGS = ["lamp", "chair", "bowl", "shelf", "clock", "vase", "stool", "rug", "mirror", "tray"];

export async function startStore(records: number, clock: Clock, chance: Chance): Promise<Store> {
  const half = Math.ceil(records / 2);
  const baseMs = clock.wallMs() - 86_400_000;
  const stamp = (index: number): string => new Date(baseMs + Math.floor(index / 3) * 1_000).toISOString();
  const pick = (list: readonly string[]): string => list[Math.floor(chance.random() * list.length)] as string;
  const tables: Record<Collection, StoreRecord[]> = {
    // Three records share each timestamp: ties at page borders are where hand-written cursors lose rows.
    products: Array.from({ length: half }, (_, index) => ({
      id: index + 1,
      title: `${pick(WORDS)} ${pick(THINGS)}`,
      price: Math.round(chance.random() * 20_000) / 100,
      stock: Math.floor(chance.random() * 50),
      updated_at: stamp(index),
    })),
    customers: Array.from({ length: records - half }, (_, index) => ({
      id: index + 1,
      name: `${pick(WORDS)} ${pick(WORDS)}`,
      email: `customer${index + 1}@example.com`,
      updated_at: stamp(index),
    })),
  };
  const trouble = { failedPages: 0, cutPages: 0 };
  let editedMs = clock.wallMs() - 60_000;

  const page = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? "/", "http://store");
    const collection = url.pathname.slice(1) as Collection;
    if (request.headers.authorization !== `Bearer ${STORE_TOKEN}`)
      return sendJson(response, 401, { error: { message: "missing or wrong token" } });
    if (!Object.hasOwn(tables, collection))
      return sendJson(response, 404, { error: { message: "no such collection" } });
    if (chance.random() < FAIL_SHARE) {
      trouble.failedPages += 1;
      return sendJson(response, 503, { error: { message: "please try again" } });
    }
    const body = JSON.stringify(pageOf(tables[collection], url.searchParams));
    response.writeHead(200, { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) });
    if (chance.random() < CUT_SHARE) {
      trouble.cutPages += 1;
      response.write(body.slice(0, body.length / 2), () => response.destroy());
      return;
    }
    response.end(body);
  };

  const listener = await listen(async (request, _body, response) => {
    await clock.sleep(5 + chance.random() * 15);
    page(request, response);
  });

  const edit: Store["edit"] = (collection, count) => {
    const table = tables[collection];
    const step = Math.max(1, Math.floor(table.length / count));
    for (let done = 0, index = 0; done < count && index < table.length; done++, index += step) {
      const old = table[index] as StoreRecord;
      editedMs += 1;
      const change =
        collection === "products"
          ? { price: Math.round(chance.random() * 20_000) / 100 + 0.01 }
          : { name: `${String(old["name"])} jr.` };
      table[index] = { ...old, ...change, updated_at: new Date(editedMs).toISOString() };
    }
  };

  return { ...listener, records: tables, trouble, edit };
}

/** One page in the order of (updated_at, id); the cursor is opaque to clients. */
function pageOf(table: readonly StoreRecord[], query: URLSearchParams): unknown {
  const since = query.get("updated_since");
  const after = query.get("cursor");
  const sorted = table.toSorted((a, b) => (positionOf(a) < positionOf(b) ? -1 : 1));
  const wanted = sorted.filter(
    (record) => (since === null || record.updated_at >= since) && (after === null || positionOf(record) > after),
  );
  const data = wanted.slice(0, PAGE_SIZE);
  const last = data.at(-1);
  return { data, meta: { next_cursor: wanted.length > PAGE_SIZE && last !== undefined ? positionOf(last) : null } };
}

const positionOf = (record: StoreRecord): string => `${record.updated_at}~${String(record.id).padStart(8, "0")}`;
