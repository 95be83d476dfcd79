/** What an answer says of one limit (L2). All times in ms. */
export interface Quota {
  /** Tells limits apart where an API has several: the policy, bucket or resource that it names; "" when it names none. */
  readonly name: string;
  readonly limit: number | undefined;
  readonly remaining: number | undefined;
  readonly windowMs: number | undefined;
  /** Until more may be sent, from now. */
  readonly resetMs: number | undefined;
  /** How coarse `resetMs` is: whole seconds can be off by one, up or down. */
  readonly coarseMs: number;
}

export type Headers = Readonly<Record<string, string>>;

/** Resets and windows further away than this are no limits of requests (L2: absurd values are ignored). */
const RESET_MS_MAX = 32 * 24 * 3_600_000;

const SECOND_MS = 1_000;
const DAY_MS = 24 * 3_600_000;

/** L2: at or above these, a reset is an instant, in ms and in seconds since the epoch; below, it is a delta in seconds. */
const EPOCH_MS_FROM = 1e12;
const EPOCH_SECONDS_FROM = 1e9;

/** One spelling of three headers. Where several are present, the first of these is the most exact. */
interface Spelling {
  readonly limit: string;
  readonly remaining: string;
  readonly resets: readonly string[];
  /** Headers that name which of the API's limits this one is. */
  readonly names: readonly string[];
}

/** draft-ietf-httpapi-ratelimit-headers-00 to -06. */
const DRAFT: Spelling = {
  limit: "ratelimit-limit",
  remaining: "ratelimit-remaining",
  resets: ["ratelimit-reset"],
  names: [],
};

/** GitHub (`-Resource`), Discord (`-Reset-After`, `-Bucket`), Symfony (`-Retry-After`), and most others. */
const X_RATELIMIT: Spelling = {
  limit: "x-ratelimit-limit",
  remaining: "x-ratelimit-remaining",
  resets: ["x-ratelimit-reset-after", "x-ratelimit-reset", "x-ratelimit-retry-after"],
  names: ["x-ratelimit-bucket", "x-ratelimit-resource"],
};

/** X, formerly Twitter. */
const X_RATE_LIMIT: Spelling = {
  limit: "x-rate-limit-limit",
  remaining: "x-rate-limit-remaining",
  resets: ["x-rate-limit-reset"],
  names: [],
};

const NONE: readonly Quota[] = [];

/**
 * The limits that an answer announces in single headers (L2): the IETF drafts to 06, `X-RateLimit-*` and `X-Rate-Limit-*`, Shopify's bucket,
 * HubSpot's interval and day, Salesforce's day. The forms are tried in order of authority, and the first that says something counts. The
 * structured fields of later drafts need a parser and are read at the HTTP edge. Malformed and absurd values are ignored.
 *
 * @param now the answer's own `Date`, or the local clock where it has none; asked only where a header holds an instant
 */
export function quotasOf(headers: Headers, now: () => number): readonly Quota[] {
  const plain =
    spelled(headers, DRAFT, now) ?? spelled(headers, X_RATELIMIT, now) ?? spelled(headers, X_RATE_LIMIT, now);
  if (plain !== undefined) return [plain];
  const bucket = headers["x-shopify-shop-api-call-limit"];
  if (bucket !== undefined) return shopify(bucket);
  if (headers["x-hubspot-ratelimit-max"] !== undefined || headers["x-hubspot-ratelimit-daily"] !== undefined)
    return hubspot(headers);
  const usage = headers["sforce-limit-info"];
  return usage === undefined ? NONE : salesforce(usage);
}

function spelled(headers: Headers, spelling: Spelling, now: () => number): Quota | undefined {
  const limitField = headers[spelling.limit];
  const remainingField = headers[spelling.remaining];
  if (limitField === undefined && remainingField === undefined) return undefined;
  const limit = limitOf(limitField);
  const remaining = countOf(remainingField);
  if (limit === undefined && remaining === undefined) return undefined;
  let reset: Reset | undefined;
  for (const name of spelling.resets) reset ??= resetOf(headers[name], now);
  const name = spelling.names.map((header) => headers[header]).find((value) => value !== undefined) ?? "";
  const windowMs = windowOf(limitField, limit) ?? windowOf(headers["ratelimit-policy"], limit);
  return { name, limit, remaining, windowMs, resetMs: reset?.ms, coarseMs: reset?.coarseMs ?? 0 };
}

/** The first number of `100` or, with its windows, of `100, 100;w=60` (drafts to 06). Zero limits nothing: it means unlimited or broken. */
function limitOf(field: string | undefined): number | undefined {
  const limit = countOf(/^\s*(\d{1,12})\s*(?:[,;]|$)/.exec(field ?? "")?.[1]);
  return limit === 0 ? undefined : limit;
}

/** The window of the policy with this quota in `10;w=1, 100;w=60`. */
function windowOf(field: string | undefined, limit: number | undefined): number | undefined {
  if (field === undefined || limit === undefined || !field.includes("w=")) return undefined;
  for (const policy of field.split(",")) {
    const [, quota, seconds] = /^\s*(\d{1,12})\s*;.*?\bw=(\d{1,9})\b/.exec(policy) ?? [];
    if (Number(quota) === limit) return sane(Number(seconds) * SECOND_MS);
  }
  return undefined;
}

interface Reset {
  readonly ms: number;
  readonly coarseMs: number;
}

function resetOf(field: string | undefined, now: () => number): Reset | undefined {
  const text = field?.trim() ?? "";
  if (!/^\d{1,16}(?:\.\d{1,9})?$/.test(text)) return undefined;
  const value = Number(text);
  // An instant is measured against a `Date` of whole seconds, so it is never exact.
  if (value >= EPOCH_MS_FROM) return resetIn(value - now(), SECOND_MS);
  if (value >= EPOCH_SECONDS_FROM) return resetIn(value * SECOND_MS - now(), SECOND_MS);
  return resetIn(value * SECOND_MS, text.includes(".") ? 0 : SECOND_MS);
}

/** An instant that has just passed is "now"; one that passed long ago says nothing. */
function resetIn(ms: number, coarseMs: number): Reset | undefined {
  if (ms < -coarseMs || ms > RESET_MS_MAX) return undefined;
  return { ms: Math.max(0, ms), coarseMs };
}

/** Shopify's REST buckets, whatever their size, drain whole in 20 s: 40 at 2/s, 80 at 4/s, 400 at 20/s. */
const SHOPIFY_WINDOW_MS = 20_000;

/** `X-Shopify-Shop-Api-Call-Limit: 32/40`: a leaky bucket, so one more fits after a drop has left. */
function shopify(field: string): readonly Quota[] {
  const parts = usedOf(/^\s*(\d{1,9})\/(\d{1,9})\s*$/.exec(field));
  if (parts === undefined) return NONE;
  return [
    { ...parts, name: "bucket", windowMs: SHOPIFY_WINDOW_MS, resetMs: SHOPIFY_WINDOW_MS / parts.limit, coarseMs: 0 },
  ];
}

/** HubSpot: requests in an interval, and in a day (https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines). */
function hubspot(headers: Headers): readonly Quota[] {
  const windowMs = sane(countOf(headers["x-hubspot-ratelimit-interval-milliseconds"]));
  const limit = limitOf(headers["x-hubspot-ratelimit-max"]);
  const remaining = countOf(headers["x-hubspot-ratelimit-remaining"]);
  const daily = limitOf(headers["x-hubspot-ratelimit-daily"]);
  const dailyRemaining = countOf(headers["x-hubspot-ratelimit-daily-remaining"]);
  const quotas: Quota[] = [];
  if (limit !== undefined && windowMs !== undefined)
    quotas.push({ name: "interval", limit, remaining, windowMs, resetMs: undefined, coarseMs: 0 });
  if (daily !== undefined)
    quotas.push({
      name: "daily",
      limit: daily,
      remaining: dailyRemaining,
      windowMs: DAY_MS,
      resetMs: undefined,
      coarseMs: 0,
    });
  return quotas;
}

/** `Sforce-Limit-Info: api-usage=18/5000`, a rolling day. */
function salesforce(field: string): readonly Quota[] {
  const parts = usedOf(/\bapi-usage=(\d{1,12})\/(\d{1,12})/.exec(field));
  return parts === undefined
    ? NONE
    : [{ ...parts, name: "api-usage", windowMs: DAY_MS, resetMs: undefined, coarseMs: 0 }];
}

function usedOf(match: RegExpExecArray | null): { readonly limit: number; readonly remaining: number } | undefined {
  const [used, limit] = [Number(match?.[1]), Number(match?.[2])];
  return limit > 0 ? { limit, remaining: Math.max(0, limit - used) } : undefined;
}

function countOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d{1,12}\s*$/.test(text) ? Number(text) : undefined;
}

const sane = (ms: number | undefined): number | undefined =>
  ms !== undefined && ms > 0 && ms <= RESET_MS_MAX ? ms : undefined;

/**
 * A quota from the numbers of a structured field: `q`, `w`, `r` and `t` of draft 10, seconds. Undefined when they say nothing.
 */
export function structuredQuota(
  name: string,
  fields: { readonly q: unknown; readonly w: unknown; readonly r: unknown; readonly t: unknown },
): Quota | undefined {
  const limit = count(fields.q) === 0 ? undefined : count(fields.q);
  const remaining = count(fields.r);
  if (limit === undefined && remaining === undefined) return undefined;
  const [windowS, resetS] = [count(fields.w), count(fields.t)];
  const reset = resetS === undefined ? undefined : resetIn(resetS * SECOND_MS, SECOND_MS);
  return {
    name,
    limit,
    remaining,
    windowMs: sane(windowS === undefined ? undefined : windowS * SECOND_MS),
    resetMs: reset?.ms,
    coarseMs: reset?.coarseMs ?? 0,
  };
}

const count = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : undefined;
