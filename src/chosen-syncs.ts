import type { Config } from "./config/config.ts";
import { EvenkeelError } from "./core/errors.ts";

/** The syncs that are named, in the config's order, or all of them when none is. Throws EvenkeelError USAGE for a name that is none. */
export function chosenSyncs({ syncs }: Config, named: readonly string[] | undefined): readonly string[] {
  const names = Object.keys(syncs);
  for (const name of named ?? [])
    if (!names.includes(name))
      throw new EvenkeelError("USAGE", `there is no sync ${name}`, { next: `Syncs: ${names.join(", ")}.` });
  return named === undefined || named.length === 0 ? names : names.filter((name) => named.includes(name));
}
