import { EvenkeelError } from "./errors.ts";
import { allOf, type Eventual } from "./eventual.ts";
import type { Expression } from "./expression.ts";
import { fingerprint } from "./fingerprint.ts";
import { invariant } from "./invariant.ts";
import { toJson } from "./json-value.ts";
import { isObject, setMember, type Json, type JsonObject } from "./json.ts";
import { OwnedFields, type Outline } from "./owned-fields.ts";
import { ReferenceMissing, type Reference } from "./reference.ts";
import type { Mapping, MappingResult } from "./sync.ts";
import { pathExpression } from "./record-list.ts";
import { kindOf } from "./url-value.ts";
import { WatchedPaths } from "./watched-paths.ts";

/** A mapping's shape: expressions in objects and lists, as deep as the destination's record; or one for the whole record. */
export type MappingNode =
  | { readonly kind: "expression"; readonly expression: Expression }
  /** A user's function, whose text does not show what it calls; the mapping's version stands for its meaning (P10). */
  | { readonly kind: "function"; readonly expression: Expression }
  | { readonly kind: "object"; readonly members: readonly (readonly [name: string, node: MappingNode])[] }
  | { readonly kind: "list"; readonly items: readonly MappingNode[] };

export interface MappingSpec {
  /** Undefined for the record as it is. */
  readonly root: MappingNode | undefined;
  /** Required when a function is in it (P10). */
  readonly version: string | undefined;
}

/**
 * Makes a mapping, which maps synchronously when all of its expressions do. Fields that come to undefined are left out. A field
 * that fails, or gives what is not JSON, makes the record invalid; the reason names every such field.
 */
export function createMapping({ root, version }: MappingSpec): Mapping {
  if (root === undefined) {
    const identity = fingerprint("the record as it is");
    return {
      fingerprint: identity,
      map: (record) => ({ ok: true, mapped: record }),
      owned: new OwnedFields(identity, null),
      absentPaths: () => [],
    };
  }
  invariant(version !== undefined || !hasFunction(root), "P10", "a mapping by function has no version");
  const paths = new WatchedPaths();
  const compute = compile(root, "", paths);
  const identity = fingerprint({ mapping: meaningOf(root), version: version ?? null });
  return {
    fingerprint: identity,
    owned: new OwnedFields(identity, outlineOf(root)),
    map: (record) => {
      paths.look(record);
      const faults: Fault[] = [];
      const value = compute(record, faults);
      return value instanceof Promise ? value.then((mapped) => resultOf(mapped, faults)) : resultOf(value, faults);
    },
    absentPaths: () => paths.absent,
  };
}

function resultOf(mapped: Json | undefined, faults: readonly Fault[]): MappingResult {
  if (faults.length > 0) {
    const reason = faults.map((fault) => fault.reason).join("; ");
    const waits = faults.map(({ waitsFor }) => waitsFor).filter((reference) => reference !== undefined);
    return { ok: false, reason, waits: waits.length === faults.length ? waits : undefined };
  }
  if (isObject(mapped)) return { ok: true, mapped };
  const given = mapped === undefined ? "nothing" : kindOf(mapped);
  return { ok: false, reason: `the mapping gives ${given}, and a record is an object`, waits: undefined };
}

/** Why a field cannot be made; `waitsFor` is the record that must be there before it can be. */
interface Fault {
  readonly reason: string;
  readonly waitsFor: Reference | undefined;
}

/** A part of one record; faults are added to the list. */
type Compute = (record: JsonObject, faults: Fault[]) => Eventual<Json | undefined>;

function compile(node: MappingNode, field: string, paths: WatchedPaths): Compute {
  switch (node.kind) {
    case "expression":
    case "function":
      return compileField(node.expression, field, paths);
    case "object": {
      const names = node.members.map(([name]) => name);
      const parts = node.members.map(([name, part]) => compile(part, field === "" ? name : `${field}.${name}`, paths));
      return together(parts, (values) => {
        const object: Record<string, Json> = {};
        for (let index = 0; index < names.length; index++) {
          const value = values[index];
          if (value !== undefined) setMember(object, names[index] as string, value);
        }
        return object;
      });
    }
    case "list": {
      const parts = node.items.map((part, index) => compile(part, `${field}[${index}]`, paths));
      return together(parts, (values) => values.filter((value) => value !== undefined));
    }
  }
}

/** Computes the parts of an object or list and joins them. */
function together(parts: readonly Compute[], join: (values: readonly (Json | undefined)[]) => Json): Compute {
  return (record, faults) => {
    const values: Eventual<Json | undefined>[] = [];
    for (const part of parts) values.push(part(record, faults));
    const all = allOf(values);
    return all instanceof Promise ? all.then(join) : join(all);
  };
}

function compileField(expression: Expression, field: string, paths: WatchedPaths): Compute {
  const prefix = field === "" ? "" : `\`${field}\`: `;
  const { text, path, needs = [] } = expression;
  if (path !== undefined) paths.watch(text, path);
  for (const needed of needs) paths.watch(pathExpression(needed), needed);

  const take = (value: Json | undefined, faults: Fault[]): Json | undefined => {
    // What a path finds in a parsed record is JSON already.
    if (path !== undefined || isPlain(value)) return value;
    const json = toJson(value);
    if (json.ok) return json.value;
    faults.push({ reason: `${prefix}${json.reason}`, waitsFor: undefined });
    return undefined;
  };
  const fail = (error: unknown, faults: Fault[]): undefined => {
    if (!(error instanceof EvenkeelError) || error.code === "INVARIANT") throw error;
    const waitsFor = error instanceof ReferenceMissing ? error.reference : undefined;
    faults.push({ reason: `${prefix}${error.message}`, waitsFor });
  };

  return (record, faults) => {
    let value: Eventual<Json | undefined>;
    try {
      value = expression.evaluate(record);
    } catch (error) {
      return fail(error, faults);
    }
    if (!(value instanceof Promise)) return take(value, faults);
    return value.then(
      (settled) => take(settled, faults),
      (error: unknown) => fail(error, faults),
    );
  };
}

const isPlain = (value: Json | undefined): boolean =>
  typeof value === "string" || value === undefined || (typeof value === "number" && Number.isFinite(value));

function hasFunction(node: MappingNode): boolean {
  switch (node.kind) {
    case "expression":
      return false;
    case "function":
      return true;
    case "object":
      return node.members.some(([, part]) => hasFunction(part));
    case "list":
      return node.items.some(hasFunction);
  }
}

function outlineOf(node: MappingNode): Outline {
  switch (node.kind) {
    case "expression":
    case "function":
      return null;
    case "object":
      return Object.fromEntries(node.members.map(([name, part]) => [name, outlineOf(part)]));
    case "list":
      // Each of its items may have other fields.
      return "data";
  }
}

/** What identifies a mapping: the texts of its expressions, where they stand. */
function meaningOf(node: MappingNode): Json {
  switch (node.kind) {
    case "expression":
      return node.expression.text;
    case "function":
      return { function: true };
    case "object":
      return { members: node.members.map(([name, part]) => [name, meaningOf(part)]) };
    case "list":
      return { items: node.items.map(meaningOf) };
  }
}
