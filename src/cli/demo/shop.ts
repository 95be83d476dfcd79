import type { IncomingMessage, ServerResponse } from "node:http";
import type { Chance, Clock } from "../../core/clock.ts";
import { Faults, type FaultCounts } from "./faults.ts";
import { listen, sendJson, type Listener } from "./listener.ts";

export const SHOP_KEY = "demo-shop-key";

/** Kilobytes of trouble aside, what the shop holds and how it came by it. */
export interface Shop extends Listener {
  /** By their own address: `PUT /items/{sku}`. */
  readonly items: ReadonlyMap<string, unknown>;
  /** By an id that the shop assigns: `POST /customers`, with an `Idempotency-Key`. */
  readonly customers: ReadonlyMap<string, unknown>;
  readonly faults: FaultCounts;
  readonly writes: { applied: number; repeated: number };
  /** Writes that it has taken and not answered yet. */
  readonly unanswered: () => number;
}

/** The demo's destination API, with real trouble: latency, 429, 500, answers that get lost, connections that are cut. */
export async function startShop(clock: Clock, chance: Chance): Promise<Shop> {
  const items = new Map<string, unknown>();
  const customers = new Map<string, unknown>();
  const answered = new Map<string, { status: number; body: unknown }>();
  const faults = new Faults(chance);
  const writes = { applied: 0, repeated: 0 };
  let unanswered = 0;

  const apply = (request: IncomingMessage, body: string): { status: number; body: unknown } => {
    const [, collection, id] = (request.url ?? "/").split("/").map(decodeURIComponent);
    if (request.method === "PUT" && collection === "items" && id !== undefined) {
      const isNew = !items.has(id);
      items.set(id, JSON.parse(body));
      writes.applied += 1;
      return { status: isNew ? 201 : 200, body: { sku: id } };
    }
    if (request.method === "POST" && collection === "customers")
      return once(request.headers["idempotency-key"], () => store(String(customers.size + 1_001), body, 201));
    if (request.method === "PATCH" && collection === "customers" && id !== undefined) {
      if (!customers.has(id)) return { status: 404, body: { error: { message: "no such customer" } } };
      return store(id, body, 200);
    }
    return { status: 404, body: { error: { message: "no such address" } } };
  };

  const store = (id: string, body: string, status: number): { status: number; body: unknown } => {
    customers.set(id, JSON.parse(body));
    writes.applied += 1;
    return { status, body: { id } };
  };

  /** The same key gets the same answer, and nothing happens twice. */
  const once = (
    key: string | string[] | undefined,
    act: () => { status: number; body: unknown },
  ): { status: number; body: unknown } => {
    if (typeof key !== "string") return { status: 400, body: { error: { message: "Idempotency-Key is missing" } } };
    const known = answered.get(key);
    if (known !== undefined) {
      writes.repeated += 1;
      return known;
    }
    const made = act();
    answered.set(key, made);
    return made;
  };

  const answer = async (request: IncomingMessage, body: string, response: ServerResponse): Promise<void> => {
    if (request.headers["x-api-key"] !== SHOP_KEY)
      return sendJson(response, 401, { error: { message: "wrong X-Api-Key" } });
    const fault = faults.draw();
    if (fault === "throttle")
      return sendJson(response, 429, { error: { message: "slow down" } }, { "retry-after": "1" });
    if (fault === "cut-before") return void response.destroy();
    if (fault === "fail" && chance.random() < 0.5)
      return sendJson(response, 500, { error: { message: "it broke before it was done" } });
    const made = apply(request, body);
    // From here on it is done, and whoever loses the answer does not know.
    await clock.sleep(10 + chance.random() * 20);
    if (fault === "lose-answer") return void response.destroy();
    if (fault === "fail") return sendJson(response, 500, { error: { message: "it broke after it was done" } });
    sendJson(response, made.status, made.body);
  };

  const listener = await listen(async (request, body, response) => {
    unanswered += 1;
    try {
      await answer(request, body, response);
    } finally {
      unanswered -= 1;
    }
  });
  return { ...listener, items, customers, faults: faults.counts, writes, unanswered: () => unanswered };
}
