import { createRequire } from "node:module";
import type * as Undici from "undici";

const load = createRequire(import.meta.url) as (path: string) => unknown;

/** All of undici, for those who need more than its `Agent`. */
export const wholeUndici = (): typeof Undici => load("undici") as typeof Undici;

/**
 * undici's `Agent` alone. Its entry loads fetch, WebSockets and caches besides, and what of Node they need, which nothing here uses: a seventh of
 * a run that finds nothing to do. No promise of undici's says where the file is, so the entry serves where it has moved.
 */
export function agentClass(): typeof Undici.Agent {
  try {
    return load("undici/lib/dispatcher/agent.js") as typeof Undici.Agent;
  } catch {
    return wholeUndici().Agent;
  }
}
