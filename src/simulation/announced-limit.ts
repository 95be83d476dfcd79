/** A limit of requests, and how an API announces it. Plain data. */
export interface AnnouncedLimit {
  /**
   * - `ietf`: `RateLimit-Policy` and `RateLimit` of the IETF draft. - `draft`: `RateLimit-Limit`, `-Remaining`, `-Reset` of its first versions, in
   * seconds from now. - `github`: `X-RateLimit-*`, the reset an instant. - `shopify`: a bucket, `X-Shopify-Shop-Api-Call-Limit: 32/40`. - `hubspot`:
   * `X-HubSpot-RateLimit-*` with its interval.
   */
  readonly kind: "ietf" | "draft" | "github" | "shopify" | "hubspot";
  readonly limit: number;
  readonly windowMs: number;
  /** A refusal says how long to wait. */
  readonly retryAfter: boolean;
}

export interface Verdict {
  readonly isServed: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** What an API with such a limit says to each request, by its own clock. A bucket fills all the time; a window starts anew at fixed instants. */
export function limiter({ kind, limit, windowMs, retryAfter }: AnnouncedLimit): (wallMs: number) => Verdict {
  const isBucket = kind === "shopify";
  let tokens = limit;
  let atMs = Number.NEGATIVE_INFINITY;
  return (wallMs) => {
    const window = Math.floor(wallMs / windowMs);
    if (isBucket) tokens = Math.min(limit, tokens + (Math.max(0, wallMs - atMs) * limit) / windowMs);
    else if (window !== Math.floor(atMs / windowMs)) tokens = limit;
    atMs = wallMs;
    const isServed = tokens >= 1;
    if (isServed) tokens -= 1;
    const resetMs = isBucket ? ((1 - tokens) * windowMs) / limit : (window + 1) * windowMs - wallMs;
    const wait = isServed || !retryAfter ? {} : { "retry-after": String(Math.ceil(Math.max(0, resetMs) / 1_000)) };
    return { isServed, headers: { ...announced(kind, limit, Math.floor(tokens), windowMs, resetMs, wallMs), ...wait } };
  };
}

function announced(
  kind: AnnouncedLimit["kind"],
  limit: number,
  remaining: number,
  windowMs: number,
  resetMs: number,
  wallMs: number,
): Readonly<Record<string, string>> {
  const seconds = Math.ceil(resetMs / 1_000);
  switch (kind) {
    case "ietf":
      return {
        "ratelimit-policy": `"all";q=${limit};w=${windowMs / 1_000}`,
        ratelimit: `"all";r=${remaining};t=${seconds}`,
      };
    case "draft":
      return {
        "ratelimit-limit": String(limit),
        "ratelimit-remaining": String(remaining),
        "ratelimit-reset": String(seconds),
      };
    case "github":
      return {
        "x-ratelimit-limit": String(limit),
        "x-ratelimit-remaining": String(remaining),
        "x-ratelimit-reset": String(Math.ceil((wallMs + resetMs) / 1_000)),
      };
    case "shopify":
      return { "x-shopify-shop-api-call-limit": `${limit - remaining}/${limit}` };
    case "hubspot":
      return {
        "x-hubspot-ratelimit-max": String(limit),
        "x-hubspot-ratelimit-remaining": String(remaining),
        "x-hubspot-ratelimit-interval-milliseconds": String(windowMs),
      };
  }
}
