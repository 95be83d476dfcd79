import { isExactNumber, isObject, objectOf, type Json, type JsonObject } from "./json.ts";

/** The members of an object; what the items of a list have is in the list's own place. */
export interface Fields {
  readonly within: ReadonlyMap<string, Fields>;
  /** The mapping's text names them, so there are no others. */
  readonly isNamed: boolean;
}

/** Which fields a sync has made, as it is kept from one run to the next. */
export interface StoredFields {
  /** Fingerprint of the mapping that made them: those of another one say nothing. */
  readonly mapping: string;
  /** Opaque JSON. */
  readonly names: string;
}

interface Growing extends Fields {
  readonly within: Map<string, Growing>;
  isNamed: boolean;
}

/** Records that use data as member names, such as prices by currency, have names without number: beyond as many, no more are learned. */
export const FIELDS_MAX = 1_000;

/** What a mapping's text says of a field: the fields within it, by name or for the items of a list; null where the source decides. */
export type Outline = null | readonly Outline[] | { readonly [name: string]: Outline };

/**
 * The fields that a mapping owns in the destination: those that its text names, and those that it has been seen to make, where it takes over whole
 * objects or the record as it is. A field that one record has is owned in all: where another leaves it out, the destination is to hold nothing there.
 */
export class OwnedFields {
  readonly #mapping: string;
  readonly #fields: Growing = emptyFields();
  #size = 0;
  #isGrown = false;

  /** @param mapping its fingerprint */
  constructor(mapping: string, outline: Outline) {
    this.#mapping = mapping;
    this.#learn(outline, this.#fields);
    markNamed(outline, this.#fields);
    this.#isGrown = false;
  }

  get fields(): Fields {
    return this.#fields;
  }

  /** Takes in the fields of a mapped record. */
  learn(mapped: JsonObject): void {
    this.#learn(mapped, this.#fields);
  }

  /** What has been learned and is not kept yet; undefined when there is nothing new. */
  get unkept(): StoredFields | undefined {
    return this.#isGrown ? { mapping: this.#mapping, names: JSON.stringify(namesOf(this.#fields)) } : undefined;
  }

  kept({ names }: StoredFields): void {
    if (this.unkept?.names === names) this.#isGrown = false;
  }

  /** Takes in what was kept. */
  restore({ mapping, names }: StoredFields): void {
    if (mapping !== this.#mapping) return;
    const wasGrown = this.#isGrown;
    this.learn(JSON.parse(names) as JsonObject);
    this.#isGrown = wasGrown;
  }

  #learn(value: Json, into: Growing): void {
    if (Array.isArray(value)) for (const item of value as readonly Json[]) this.#learn(item, into);
    else if (isObject(value))
      for (const name of Object.keys(value)) {
        let field = into.within.get(name);
        if (field === undefined) {
          if (this.#size >= FIELDS_MAX) continue;
          field = emptyFields();
          into.within.set(name, field);
          this.#size += 1;
          this.#isGrown = true;
        }
        const inner = value[name];
        if (typeof inner === "object" && inner !== null && !isExactNumber(inner)) this.#learn(inner, field);
      }
  }
}

const emptyFields = (): Growing => ({ within: new Map(), isNamed: false });

/** Where nothing is known of the members. */
const UNKNOWN: Fields = emptyFields();

/** The fields of a member. */
export const fieldsWithin = (fields: Fields | undefined, name: string): Fields | undefined =>
  fields && (fields.within.get(name) ?? UNKNOWN);

/** Whether a value says no more than that there is none: null, an empty text or list, or an object that has none in any field of the mapping's. */
function isNothing(value: Json | undefined, fields: Fields): boolean {
  if (value === undefined || value === null || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  if (!isObject(value)) return false;
  if (fields.within.size === 0) return Object.keys(value).length === 0;
  return [...fields.within].every(([name, field]) => !Object.hasOwn(value, name) || isNothing(value[name], field));
}

/**
 * The members that `found` has in the place of what `wanted` leaves out.
 *
 * @param owned those that may be such
 * @param isForeign nothing of this mapping has been written there: where its text does not name them, any member may be one that it would have cleared
 */
export function leftOver(found: JsonObject, wanted: JsonObject, owned: Fields, isForeign: boolean): readonly string[] {
  const names = isForeign && !owned.isNamed ? Object.keys(found) : owned.within.keys();
  return [...names].filter(
    (name) =>
      !Object.hasOwn(wanted, name) &&
      Object.hasOwn(found, name) &&
      !isNothing(found[name], owned.within.get(name) ?? UNKNOWN),
  );
}

function markNamed(outline: Outline, fields: Growing): void {
  const parts = (Array.isArray(outline) ? outline : [outline]) as readonly Outline[];
  fields.isNamed = parts.length > 0 && parts.every((part) => part !== null);
  for (const part of parts)
    for (const [name, inner] of Object.entries(part ?? {})) {
      const field = fields.within.get(name);
      if (field !== undefined) markNamed(inner as Outline, field);
    }
}

const namesOf = ({ within }: Fields): JsonObject =>
  objectOf([...within].map(([name, field]) => [name, namesOf(field)]));
