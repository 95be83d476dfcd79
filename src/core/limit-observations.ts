import { fact, type Observation } from "./observation.ts";
import type { Headers, Quota } from "./rate-limit.ts";

/** Fields that announce limits, by their kind. */
const KINDS: readonly (readonly [pattern: RegExp, kind: string])[] = [
  [/^ratelimit(?:-policy)?$/, "the fields of the IETF draft"],
  [/^ratelimit-/, "the fields of older IETF drafts"],
  [/^x-ratelimit-/, "`X-RateLimit-*`"],
  [/^x-rate-limit-/, "`X-Rate-Limit-*`"],
  [/^x-shopify-shop-api-call-limit$/, "Shopify's bucket"],
  [/^x-hubspot-ratelimit-/, "HubSpot's fields"],
  [/^sforce-limit-info$/, "Salesforce's field"],
];

/** The limits that answers announce, and how. */
export function observeLimits(
  headers: Headers,
  quotas: readonly Quota[],
  declaredPerSecond: number | undefined,
): readonly Observation[] {
  const kind = KINDS.find(([pattern]) => Object.keys(headers).some((name) => pattern.test(name)))?.[1];
  const declared = declaredPerSecond === undefined ? "" : `; \`limits.rate\` is declared as ${declaredPerSecond}/s`;
  if (quotas.length > 0)
    return quotas.map((quota) => fact("limits", `announced in ${kind ?? "headers"}: ${quotaText(quota)}${declared}`));
  if (kind !== undefined) return [fact("limits", `there is ${kind}, and it says nothing that can be used${declared}`)];
  return [
    fact(
      "limits",
      `none announced${declared === "" ? "; runs learn from refusals, or declare `limits.rate`" : declared}`,
    ),
  ];
}

function quotaText({ name, limit, remaining, windowMs, resetMs }: Quota): string {
  const parts = [
    limit === undefined ? undefined : `${limit} requests${windowMs === undefined ? "" : ` in ${windowMs / 1_000} s`}`,
    remaining === undefined ? undefined : `${remaining} left`,
    resetMs === undefined ? undefined : `more in ${Math.ceil(resetMs / 1_000)} s`,
  ].filter((part) => part !== undefined);
  return `${name === "" ? "" : `${name}: `}${parts.join(", ")}`;
}
