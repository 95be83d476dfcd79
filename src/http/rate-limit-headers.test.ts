import assert from "node:assert/strict";
import { test } from "node:test";
import type { Headers, Quota } from "../core/rate-limit.ts";
import { announcedQuotas as quotasAt } from "./rate-limit-headers.ts";

const announcedQuotas = (headers: Headers | undefined, wallMs: number): readonly Quota[] =>
  quotasAt(headers, () => wallMs);

test("L2: draft 10: a list of policies and one of what is left, matched by name", () => {
  const headers = {
    "ratelimit-policy": '"burst";q=100;w=60,"daily";q=1000;w=86400',
    ratelimit: '"burst";r=50;t=30, "daily";r=900;t=7200',
  };
  assert.deepEqual(announcedQuotas(headers, 0), [
    { name: "burst", limit: 100, remaining: 50, windowMs: 60_000, resetMs: 30_000, coarseMs: 1_000 },
    { name: "daily", limit: 1_000, remaining: 900, windowMs: 86_400_000, resetMs: 7_200_000, coarseMs: 1_000 },
  ]);
});

test("L2: draft 10: a policy alone says how fast to go", () => {
  assert.deepEqual(announcedQuotas({ "ratelimit-policy": '"default";q=20;w=1' }, 0), [
    { name: "default", limit: 20, remaining: undefined, windowMs: 1_000, resetMs: undefined, coarseMs: 0 },
  ]);
});

test("L2: draft 10: quotas of bytes or of requests at once are not quotas of requests", () => {
  const headers = {
    "ratelimit-policy": '"a";q=10;qu="concurrent-requests", "b";q=65535;qu="content-bytes";w=10, "c";q=5;w=1',
  };
  assert.deepEqual(
    announcedQuotas(headers, 0).map(({ name }) => name),
    ["c"],
  );
});

test("L2: drafts 07 and 08: one dictionary", () => {
  assert.deepEqual(announcedQuotas({ ratelimit: "limit=100, remaining=50, reset=5" }, 0), [
    { name: "", limit: 100, remaining: 50, windowMs: undefined, resetMs: 5_000, coarseMs: 1_000 },
  ]);
});

test("L2: malformed fields are ignored, and the older headers are read in their place", () => {
  for (const ratelimit of ['"burst";r=', "r=50;t=;", "\u0000", '"burst";r="50"', "(1 2);r=5", "☃"]) {
    assert.deepEqual(announcedQuotas({ ratelimit }, 0), [], ratelimit);
    const older = { "x-ratelimit-limit": "60", "x-ratelimit-remaining": "59" };
    assert.equal(announcedQuotas({ ratelimit, ...older }, 0)[0]?.limit, 60, ratelimit);
  }
  assert.deepEqual(announcedQuotas(undefined, 0), []);
});

test("L2: instants are measured against the answer's own clock", () => {
  const date = "Thu, 01 Jan 2026 00:00:00 GMT";
  const reset = String(Date.UTC(2026, 0, 1, 0, 1) / 1_000);
  const headers = { "x-ratelimit-limit": "60", "x-ratelimit-remaining": "5", "x-ratelimit-reset": reset };
  assert.equal(announcedQuotas({ ...headers, date }, 0)[0]?.resetMs, 60_000);
  assert.equal(announcedQuotas({ ...headers, date: "now" }, Date.UTC(2026, 0, 1, 0, 0, 30))[0]?.resetMs, 30_000);
});
