import { SHOP_KEY, type Shop } from "./shop.ts";
import { STORE_TOKEN, type Store } from "./store.ts";

/** The config that the demo's worker runs; it is left for whoever wants to look around. */
export const configOf = (store: Store, shop: Shop): string => `# The demo's config. Tokens come from the environment.
connections:
  store:
    baseUrl: ${store.url}
    auth: { type: bearer, token: "\${STORE_TOKEN:-${STORE_TOKEN}}" }
    retry: { base: 50ms }
  shop:
    baseUrl: ${shop.url}
    auth: { type: header, name: X-Api-Key, value: "\${SHOP_KEY:-${SHOP_KEY}}" }
    retry: { base: 50ms, attempts: 10 }
    lateWrite: 2s

syncs:
  products:                      # each record has its own address
    source:
      connection: store
      request: GET /products
      records: data
      key: id
      pagination: { type: cursor, next: meta.next_cursor, param: cursor }
      cursor: { field: updated_at, type: timestamp, param: updated_since, lookback: 2m, sorted: true }
    mapping:
      sku: id
      name: title
      priceCents: $round(price * 100)
      stock: stock
    destination:
      connection: shop
      upsert: PUT /items/{sku}

  customers:                     # the shop assigns the ids
    source:
      connection: store
      request: GET /customers
      records: data
      key: id
      pagination: { type: cursor, next: meta.next_cursor, param: cursor }
      cursor: { field: updated_at, type: timestamp, param: updated_since, lookback: 2m, sorted: true }
    mapping:
      externalRef: id
      name: name
      email: email
    destination:
      connection: shop
      create: { request: POST /customers, id: id, idempotencyKey: { header: Idempotency-Key, retention: 24h } }
      update: PATCH /customers/{$id}
`;
