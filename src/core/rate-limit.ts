/** What an answer says of one limit (L2). All times in ms. */
export interface Quota {
  readonly limit: number | undefined;
  readonly remaining: number | undefined;
  readonly windowMs: number | undefined;
  /** Until the quota is renewed, from now. */
  readonly resetMs: number | undefined;
  /** How coarse `resetMs` is: whole seconds can be off by one. */
  readonly coarseMs: number;
}

type Headers = Readonly<Record<string, string>>;

/** Resets further away than this are no limits of requests (L2: absurd values are ignored). */
const RESET_MS_MAX = 32 * 24 * 3_600_000;

const NAMES: readonly { readonly limit: string; readonly remaining: string; readonly reset: readonly string[] }[] = [
  { limit: "ratelimit-limit", remaining: "ratelimit-remaining", reset: ["ratelimit-reset"] },
  {
    limit: "x-ratelimit-limit",
    remaining: "x-ratelimit-remaining",
    reset: ["x-ratelimit-reset-after", "x-ratelimit-reset"],
  },
  { limit: "x-rate-limit-limit", remaining: "x-rate-limit-remaining", reset: ["x-rate-limit-reset"] },
];

/**
 * The limits that an answer announces in the forms of single headers (L2): the IETF drafts to 06, `X-RateLimit-*` and `X-Rate-Limit-*`
 * (GitHub, X, Discord), Shopify's bucket, HubSpot's interval. The structured fields of draft 10 need a parser and are read at the HTTP edge.
 *
 * @param nowMs the answer's own `Date`, or the local clock where it has none
 */
export function quotasOf(headers: Headers, nowMs: number): readonly Quota[] {
  const found = NAMES.map((names) => plainQuota(headers, names, nowMs)).filter((quota) => quota !== undefined);
  const shopify = shopifyQuota(headers["x-shopify-shop-api-call-limit"]);
  const hubspot = hubspotQuota(headers);
  return [...found, ...(shopify === undefined ? [] : [shopify]), ...(hubspot === undefined ? [] : [hubspot])];
}

function plainQuota(headers: Headers, names: (typeof NAMES)[number], nowMs: number): Quota | undefined {
  const limitField = headers[names.limit];
  const remaining = countOf(headers[names.remaining]);
  // Draft 06 lets the limit carry its windows: `100, 100;w=60`.
  const limit = countOf(limitField?.split(",")[0]?.trim());
  const window = /;\s*w=(\d+)/.exec(limitField ?? "")?.[1];
  const resetField = names.reset.map((name) => headers[name]).find((value) => value !== undefined);
  const reset = resetOf(resetField, nowMs);
  if (limit === undefined && remaining === undefined) return undefined;
  return {
    limit,
    remaining,
    windowMs: window === undefined ? undefined : Number(window) * 1_000,
    resetMs: reset?.ms,
    coarseMs: reset?.coarseMs ?? 0,
  };
}

/** L2: 1e12 or more is epoch milliseconds, 1e9 or more epoch seconds, anything less a delta in seconds. */
function resetOf(
  text: string | undefined,
  nowMs: number,
): { readonly ms: number; readonly coarseMs: number } | undefined {
  if (text === undefined || !/^\d{1,16}(?:\.\d+)?$/.test(text.trim())) return undefined;
  const value = Number(text);
  const ms = value >= 1e12 ? value - nowMs : value >= 1e9 ? value * 1_000 - nowMs : value * 1_000;
  if (ms > RESET_MS_MAX) return undefined;
  return { ms: Math.max(0, ms), coarseMs: text.includes(".") || value >= 1e12 ? 0 : 1_000 };
}

/** `32/40`: a leaky bucket that drains at a twentieth of its size a second (2/s for 40). */
function shopifyQuota(text: string | undefined): Quota | undefined {
  const parts = /^(\d+)\/(\d+)$/.exec(text ?? "");
  if (parts === null) return undefined;
  const [used, size] = [Number(parts[1]), Number(parts[2])];
  if (size === 0) return undefined;
  return {
    limit: size,
    remaining: Math.max(0, size - used),
    windowMs: 20_000,
    resetMs: used === 0 ? 0 : 1_000,
    coarseMs: 1_000,
  };
}

function hubspotQuota(headers: Headers): Quota | undefined {
  const limit = countOf(headers["x-hubspot-ratelimit-max"]);
  const windowMs = countOf(headers["x-hubspot-ratelimit-interval-milliseconds"]);
  if (limit === undefined || windowMs === undefined || windowMs === 0) return undefined;
  return {
    limit,
    remaining: countOf(headers["x-hubspot-ratelimit-remaining"]),
    windowMs,
    resetMs: windowMs,
    coarseMs: windowMs,
  };
}

function countOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,12}$/.test(text.trim()) ? Number(text) : undefined;
}
