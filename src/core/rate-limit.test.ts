import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { quotasOf as quotasAt, type Headers, type Quota } from "./rate-limit.ts";

const now = Date.UTC(2026, 0, 1);
const quotasOf = (headers: Headers, nowMs: number): readonly Quota[] => quotasAt(headers, () => nowMs);

test("L2: the IETF drafts to 06: a delta in seconds, and the window of the policy that has this quota", () => {
  const headers = { "ratelimit-limit": "100", "ratelimit-remaining": "42", "ratelimit-reset": "30" };
  const quota = { name: "", limit: 100, remaining: 42, resetMs: 30_000, coarseMs: 1_000 };
  assert.deepEqual(quotasOf(headers, now), [{ ...quota, windowMs: undefined }]);
  const inLimit = { ...headers, "ratelimit-limit": "100, 10;w=1, 100;w=60" };
  assert.deepEqual(quotasOf(inLimit, now), [{ ...quota, windowMs: 60_000 }]);
  const inPolicy = { ...headers, "ratelimit-policy": '10;w=1, 100;w=60;comment="x"' };
  assert.deepEqual(quotasOf(inPolicy, now), [{ ...quota, windowMs: 60_000 }]);
});

test("L2: X-RateLimit-Reset is epoch ms from 1e12, epoch seconds from 1e9, else a delta", () => {
  const resetOf = (reset: string): unknown =>
    quotasOf({ "x-ratelimit-limit": "60", "x-ratelimit-remaining": "1", "x-ratelimit-reset": reset }, now)[0]?.resetMs;
  assert.equal(resetOf(String(now + 90_000)), 90_000);
  assert.equal(resetOf(String(now / 1_000 + 90)), 90_000);
  assert.equal(resetOf("90"), 90_000);
  assert.equal(resetOf("0.25"), 250);
  assert.equal(resetOf(String(now / 1_000)), 0);
});

test("L2: absurd values are ignored", () => {
  const resetOf = (reset: string): unknown =>
    quotasOf({ "x-ratelimit-limit": "60", "x-ratelimit-remaining": "1", "x-ratelimit-reset": reset }, now)[0]?.resetMs;
  for (const reset of ["-5", "soon", "", "NaN", "9e9", "99999999", String(now / 1_000 - 3_600), String(now * 2)])
    assert.equal(resetOf(reset), undefined, reset);
  assert.deepEqual(quotasOf({ "x-ratelimit-limit": "0" }, now), [], "a limit of zero limits nothing");
  assert.deepEqual(quotasOf({ "x-ratelimit-limit": "-1", "x-ratelimit-remaining": "-1" }, now), []);
  assert.deepEqual(quotasOf({ "x-ratelimit-limit": "unlimited" }, now), []);
  assert.deepEqual(quotasOf({ "x-shopify-shop-api-call-limit": "3/0" }, now), []);
  assert.deepEqual(quotasOf({}, now), []);
});

test("L2: GitHub, Discord, X and Symfony", () => {
  const github = quotasOf(
    {
      "x-ratelimit-limit": "5000",
      "x-ratelimit-remaining": "4999",
      "x-ratelimit-reset": String(now / 1_000 + 3_600),
      "x-ratelimit-resource": "core",
    },
    now,
  );
  const base = { windowMs: undefined, coarseMs: 1_000 };
  assert.deepEqual(github, [{ ...base, name: "core", limit: 5_000, remaining: 4_999, resetMs: 3_600_000 }]);
  const discord = quotasOf(
    {
      "x-ratelimit-limit": "5",
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": "1470173023.123",
      "x-ratelimit-reset-after": "1.5",
      "x-ratelimit-bucket": "abcd1234",
    },
    now,
  );
  assert.deepEqual(discord, [{ ...base, coarseMs: 0, name: "abcd1234", limit: 5, remaining: 0, resetMs: 1_500 }]);
  const x = quotasOf(
    { "x-rate-limit-limit": "900", "x-rate-limit-remaining": "899", "x-rate-limit-reset": String(now / 1_000 + 60) },
    now,
  );
  assert.deepEqual(x, [{ ...base, name: "", limit: 900, remaining: 899, resetMs: 60_000 }]);
  const symfony = quotasOf(
    { "x-ratelimit-limit": "10", "x-ratelimit-remaining": "0", "x-ratelimit-retry-after": "7" },
    now,
  );
  assert.deepEqual(symfony, [{ ...base, name: "", limit: 10, remaining: 0, resetMs: 7_000 }]);
});

test("L2: Shopify's bucket drains whole in 20 s, whatever its size", () => {
  const [small] = quotasOf({ "x-shopify-shop-api-call-limit": "32/40" }, now);
  assert.deepEqual(small, { name: "bucket", limit: 40, remaining: 8, windowMs: 20_000, resetMs: 500, coarseMs: 0 });
  const [plus] = quotasOf({ "x-shopify-shop-api-call-limit": "401/400" }, now);
  assert.equal(plus?.remaining, 0);
});

test("L2: HubSpot's interval and day, Salesforce's day", () => {
  const hubspot = quotasOf(
    {
      "x-hubspot-ratelimit-max": "190",
      "x-hubspot-ratelimit-remaining": "180",
      "x-hubspot-ratelimit-interval-milliseconds": "10000",
      "x-hubspot-ratelimit-daily": "625000",
      "x-hubspot-ratelimit-daily-remaining": "600000",
    },
    now,
  );
  const unset = { resetMs: undefined, coarseMs: 0 };
  assert.deepEqual(hubspot, [
    { ...unset, name: "interval", limit: 190, remaining: 180, windowMs: 10_000 },
    { ...unset, name: "daily", limit: 625_000, remaining: 600_000, windowMs: 86_400_000 },
  ]);
  assert.deepEqual(quotasOf({ "sforce-limit-info": "api-usage=18/5000, per-app-api-usage=1/250(appName=x)" }, now), [
    { ...unset, name: "api-usage", limit: 5_000, remaining: 4_982, windowMs: 86_400_000 },
  ]);
});

test("L2: of several forms, the first in authority counts", () => {
  const headers = {
    "ratelimit-limit": "10",
    "ratelimit-remaining": "9",
    "x-ratelimit-limit": "99",
    "x-ratelimit-remaining": "1",
  };
  assert.deepEqual(
    quotasOf(headers, now).map(({ limit }) => limit),
    [10],
  );
});

test("L2: whatever the headers hold, quotas are finite, not negative, or absent", () => {
  const names = ["limit", "remaining", "reset", "reset-after"].map((name) => `x-ratelimit-${name}`);
  const value = fc.oneof(fc.string(), fc.integer().map(String), fc.double().map(String));
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...names, "x-shopify-shop-api-call-limit", "sforce-limit-info"), value),
      (headers) => {
        for (const quota of quotasOf(headers, now))
          for (const field of [quota.limit, quota.remaining, quota.windowMs, quota.resetMs])
            assert.ok(field === undefined || (Number.isFinite(field) && field >= 0), JSON.stringify(headers));
      },
    ),
  );
});
