import { parseList, type Item } from "structured-headers";
import { quotasOf, type Quota } from "../core/rate-limit.ts";

/**
 * What an answer announces of its limits (L2): the structured fields of draft 10 where it has them, else the older single headers.
 *
 * @param wallMs the local clock, for an answer without a `Date`
 */
export function announcedQuotas(
  headers: Readonly<Record<string, string>> | undefined,
  wallMs: number,
): readonly Quota[] {
  if (headers === undefined) return [];
  const date = headers["date"];
  const nowMs = date === undefined ? wallMs : Date.parse(date);
  const structured = structuredQuotas(headers);
  return structured.length > 0 ? structured : quotasOf(headers, Number.isFinite(nowMs) ? nowMs : wallMs);
}

/** `RateLimit-Policy: "burst";q=100;w=60` and `RateLimit: "burst";r=50;t=30` (draft-ietf-httpapi-ratelimit-headers-10). Malformed fields are ignored. */
function structuredQuotas(headers: Readonly<Record<string, string>>): readonly Quota[] {
  const field = headers["ratelimit"];
  if (field === undefined || !field.includes(";")) return [];
  try {
    const policies = new Map(itemsOf(headers["ratelimit-policy"] ?? "").map((item) => [String(item[0]), item[1]]));
    return itemsOf(field).flatMap(([name, parameters]) => {
      const policy = policies.get(String(name));
      const number = (value: unknown): number | undefined =>
        typeof value === "number" && value >= 0 ? value : undefined;
      const remaining = number(parameters.get("r"));
      const resetS = number(parameters.get("t"));
      const windowS = number(policy?.get("w"));
      if (remaining === undefined) return [];
      return [
        {
          limit: number(policy?.get("q")),
          remaining,
          windowMs: windowS === undefined ? undefined : windowS * 1_000,
          resetMs: resetS === undefined ? undefined : resetS * 1_000,
          coarseMs: 1_000,
        },
      ];
    });
  } catch {
    return [];
  }
}

const itemsOf = (field: string): readonly Item[] =>
  parseList(field).filter((member): member is Item => !Array.isArray(member[0]));
