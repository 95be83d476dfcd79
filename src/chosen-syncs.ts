import type { Config } from "./config/config.ts";
import { EvenkeelError } from "./core/errors.ts";

/**
 * The syncs that are named, or all of them when none is, in the config's order but each behind those that it is to run after. Throws EvenkeelError
 * USAGE for a name that is none.
 */
export function chosenSyncs({ syncs }: Config, named: readonly string[] | undefined): readonly string[] {
  const names = Object.keys(syncs);
  for (const name of named ?? [])
    if (!names.includes(name))
      throw new EvenkeelError("USAGE", `there is no sync ${name}`, { next: `Syncs: ${names.join(", ")}.` });
  const ordered = new Set<string>();
  const add = (name: string): void => {
    for (const before of syncs[name]?.after ?? []) if (!ordered.has(before)) add(before);
    ordered.add(name);
  };
  for (const name of names) add(name);
  return named === undefined || named.length === 0 ? [...ordered] : [...ordered].filter((name) => named.includes(name));
}

/** The syncs that one is to run after, and those that these are to run after, and so on. */
export function allBefore(name: string, { syncs }: Config): readonly string[] {
  const before = new Set(syncs[name]?.after);
  for (const each of before) for (const other of syncs[each]?.after ?? []) before.add(other);
  return [...before];
}
