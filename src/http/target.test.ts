import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { targetOf, withQuery } from "./target.ts";

const OWN = "https://api.example";

test("S3: the origin is never mistaken, whatever the address begins with", () => {
  for (const url of [
    "https://api.example@evil.example/",
    "https://api.example.evil.example/",
    "https://api.example:444/",
    "http://api.example/",
    "//evil.example/",
    "https://api.example\\@evil.example/",
    "https://user:pass@api.example/",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "/relative",
    "",
  ])
    assert.notEqual(targetOf(url, OWN)?.origin === OWN && !url.startsWith("https://api.example\\"), true, url);
  // A backslash is a slash to a browser, so this is a path of our own origin.
  assert.deepEqual(targetOf("https://api.example\\@evil.example/", OWN), { origin: OWN, path: "/@evil.example/" });
  assert.equal(targetOf("https://user:pass@api.example/", OWN), undefined);
});

test("S3: it agrees with the URL parser on every address that it does not parse", () => {
  const text = fc.stringMatching(/^[!-~]{0,20}$/);
  fc.assert(
    fc.property(fc.constantFrom(OWN, `${OWN}/`, `${OWN}/a?b=`, "https://b.example/"), text, (start, rest) => {
      const url = start + rest;
      const target = targetOf(url, OWN);
      if (!URL.canParse(url)) return assert.equal(target, undefined);
      const parsed = new URL(url);
      if (target !== undefined) assert.equal(target.origin, parsed.origin, url);
    }),
    { numRuns: 2_000 },
  );
});

test("the fragment is not sent, and what is not ASCII is encoded", () => {
  assert.deepEqual(targetOf(`${OWN}/a?b=1#c`, OWN), { origin: OWN, path: "/a?b=1" });
  assert.deepEqual(targetOf(`${OWN}/ä b`, OWN), { origin: OWN, path: "/%C3%A4%20b" });
  assert.deepEqual(targetOf(OWN, OWN), { origin: OWN, path: "/" });
  assert.deepEqual(targetOf(`${OWN}:443/a`, OWN), { origin: OWN, path: "/a" });
});

test("a credential in the query takes the place of a parameter of the same name", () => {
  assert.equal(withQuery("/a", { key: "s&t" }), "/a?key=s%26t");
  assert.equal(withQuery("/a?b=1&key=old&c", { key: "new" }), "/a?b=1&c&key=new");
  assert.equal(withQuery("/a?%6Bey=old&%zz=1", { key: "new" }), "/a?%zz=1&key=new");
  assert.equal(withQuery("/a?b=1", {}), "/a?b=1");
});
