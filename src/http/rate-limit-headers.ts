import { parseDictionary, parseList, Token, type Item, type Parameters } from "structured-headers";
import { quotasOf, structuredQuota, type Headers, type Quota } from "../core/rate-limit.ts";
import { parseHttpDate } from "../core/retry-after.ts";

/**
 * What an answer announces of its limits (L2): the structured fields of the IETF draft where it has them, else the older single headers.
 *
 * @param wallMs the local clock, for an answer without a `Date`
 */
export function announcedQuotas(headers: Headers | undefined, wallMs: () => number): readonly Quota[] {
  if (headers === undefined) return [];
  const { ratelimit, "ratelimit-policy": policy, date } = headers;
  if (ratelimit !== undefined || policy !== undefined) {
    const structured = structuredQuotas(ratelimit, policy);
    if (structured.length > 0) return structured;
  }
  return quotasOf(headers, () => (date === undefined ? undefined : parseHttpDate(date)) ?? wallMs());
}

/**
 * draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy: "burst";q=100;w=60` and `RateLimit: "burst";r=50;t=30`, lists with a member
 * for each policy. Drafts 07 and 08 had one dictionary instead: `RateLimit: limit=100, remaining=50, reset=30`. Malformed fields are ignored,
 * as the draft demands, and so are quotas of anything but requests.
 */
function structuredQuotas(limitField: string | undefined, policyField: string | undefined): readonly Quota[] {
  const policies = new Map(namedItems(policyField).filter(([, parameters]) => ofRequests(parameters)));
  const limits = new Map(namedItems(limitField));
  if (limits.size === 0 && limitField !== undefined) return dictionaryQuota(limitField);
  const names = new Set([...policies.keys(), ...limits.keys()]);
  return [...names].flatMap((name) => {
    const [policy, limit] = [policies.get(name), limits.get(name)];
    const quota = structuredQuota(name, {
      q: policy?.get("q"),
      w: policy?.get("w"),
      r: limit?.get("r"),
      t: limit?.get("t"),
    });
    return quota ?? [];
  });
}

/** The `quota unit` of a policy; absent means requests. */
const ofRequests = (parameters: Parameters): boolean => String(parameters.get("qu") ?? "requests") === "requests";

function namedItems(field: string | undefined): readonly (readonly [string, Parameters])[] {
  if (field === undefined) return [];
  try {
    return parseList(field)
      .filter((member): member is Item => typeof member[0] === "string" || member[0] instanceof Token)
      .map(([name, parameters]) => [String(name), parameters]);
  } catch {
    return [];
  }
}

function dictionaryQuota(field: string): readonly Quota[] {
  try {
    const members = parseDictionary(field);
    const value = (name: string): unknown => members.get(name)?.[0];
    const quota = structuredQuota("", { q: value("limit"), w: undefined, r: value("remaining"), t: value("reset") });
    return quota === undefined ? [] : [quota];
  } catch {
    return [];
  }
}
