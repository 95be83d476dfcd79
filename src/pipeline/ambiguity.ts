import { fingerprint } from "../core/fingerprint.ts";
import { isObject, type JsonObject } from "../core/json.ts";
import type { Pair, Unmapped } from "../core/pairing.ts";
import type { NewReject } from "../core/reject.ts";
import type { RunContext } from "./context.ts";

/** Why it cannot be told which record of the destination this one is; undefined when it can. */
export function whyAmbiguous({ match, rivals, listed }: Pair): string | undefined {
  const names = (list: readonly string[]): string => list.join(", ");
  if (listed.length > 1) return `${names(listed.map(({ place }) => place))} have the same match, ${match}`;
  return rivals.length > 0 ? `${names(rivals)} in the source have the same match, ${match}` : undefined;
}

/** It refers to a record that may come into its destination yet. */
export const waits = ({ code }: Pick<Unmapped, "code">): boolean => code === "REFERENCE_MISSING";

/** The same of a record of which nothing can be made, with what makes it known. */
export const whyUnmapped = (unmapped: Unmapped): string =>
  `it cannot be mapped (${unmapped.reason}); adopt again once ${waits(unmapped) ? "what it refers to is there" : "it can be"}`;

/** The dead letter of a record that no run may create: a person decides, or another adoption. */
export function ambiguousReject(
  { key, body }: Pick<Unmapped, "key" | "body">,
  why: string,
  { sync, ports }: RunContext,
): NewReject {
  return {
    kind: "invalid",
    key,
    code: "ADOPTION_AMBIGUOUS",
    reason: `it may be in the destination already, and which record it is cannot be told: ${why}`,
    source: isObject(body) ? (body as JsonObject) : undefined,
    sourceHash: fingerprint(body),
    mapping: sync.mapping.fingerprint,
    evidence: undefined,
    atMs: ports.clock.wallMs(),
  };
}
