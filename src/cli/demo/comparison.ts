import { isDeepStrictEqual } from "node:util";
import type { Shop } from "./shop.ts";
import type { Store } from "./store.ts";

/** What a comparison of both sides found, made by the demo itself and not by the engine. */
export interface Comparison {
  readonly name: string;
  readonly source: number;
  readonly destination: number;
  readonly missing: number;
  readonly different: number;
  /** More than one record of the destination for one of the source. */
  readonly doubled: number;
}

export function compareSides(store: Store, shop: Shop): readonly Comparison[] {
  const products = store.records.products.map(({ id, title, price, stock }) => ({
    sku: String(id),
    wanted: { sku: id, name: title, priceCents: Math.round(Number(price) * 100), stock },
  }));
  const customers = store.records.customers.map(({ id, name, email }) => ({
    sku: String(id),
    wanted: { externalRef: id, name, email },
  }));
  const held = [...shop.customers.values()] as { readonly externalRef: number }[];
  const byReference = Map.groupBy(held, ({ externalRef }) => String(externalRef));
  return [
    compareOne("products", products, (sku) => (shop.items.has(sku) ? [shop.items.get(sku)] : []), shop.items.size),
    compareOne("customers", customers, (sku) => byReference.get(sku) ?? [], shop.customers.size),
  ];
}

function compareOne(
  name: string,
  wanted: readonly { readonly sku: string; readonly wanted: unknown }[],
  held: (sku: string) => readonly unknown[],
  destination: number,
): Comparison {
  let [missing, different, doubled] = [0, 0, 0];
  for (const record of wanted) {
    const found = held(record.sku);
    if (found.length === 0) missing += 1;
    else if (found.length > 1) doubled += found.length - 1;
    else if (!isDeepStrictEqual(found[0], record.wanted)) different += 1;
  }
  return { name, source: wanted.length, destination, missing, different, doubled };
}
