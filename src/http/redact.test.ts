import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createRedactor, visible, visibleLine } from "./redact.ts";

const SECRET = 'p/ä+s "w"\\ord=1';

test("S6: a secret is hidden however it is spelt", () => {
  const redactor = createRedactor([SECRET, "4711abcd"]);
  for (const spelling of [
    SECRET,
    encodeURIComponent(SECRET),
    encodeURIComponent(SECRET).toLowerCase(),
    encodeURIComponent(SECRET).replaceAll("%20", "+"),
    Buffer.from(SECRET).toString("base64"),
    Buffer.from(SECRET).toString("base64url"),
    JSON.stringify(SECRET),
    JSON.stringify({ "x-note": SECRET }),
    "Basic 4711abcd",
  ]) {
    const text = redactor.text(`before ${spelling} after`);
    assert.ok(text.includes("[redacted]"), spelling);
    assert.ok(!text.includes(spelling), spelling);
    assert.ok(text.startsWith("before ") && text.endsWith(" after"), text);
  }
});

test("S6: no text lets a secret through", () => {
  const redactor = createRedactor([SECRET, "4711abcd"]);
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.constantFrom<string>(SECRET, "4711abcd", "4711", "abcd"))),
      (parts) => {
        const text = parts.join("");
        for (const shown of [
          redactor.text(text),
          redactor.url(text),
          redactor.headers({ a: text })["a"] ?? SECRET,
          redactor.excerpt(text, 20),
        ])
          assert.ok(!shown.includes(SECRET) && !shown.includes("4711abcd"), shown);
      },
    ),
  );
});

test("S6: a secret that is cut in two shows neither half", () => {
  const secret = "abcdefghijklmnopqrstuvwxyz";
  const redactor = createRedactor([secret]);
  for (let at = 0; at < 40; at++) {
    const shown = redactor.excerpt("_".repeat(at) + secret + "_".repeat(100), 30);
    for (let from = 0; from + 4 <= secret.length; from++)
      assert.ok(!shown.includes(secret.slice(from, from + 4)), shown);
  }
});

test("S6: an excerpt says that there is more", () => {
  assert.equal(createRedactor([]).excerpt("a".repeat(50), 10), `${"a".repeat(10)}... (50 characters)`);
  assert.equal(createRedactor([]).excerpt("short", 10), "short");
  assert.equal(createRedactor(["long-secret"]).excerpt("a".repeat(50), 10), `${"a".repeat(10)}... (50 characters)`);
});

test("S6: headers that carry credentials are hidden by name, and by value in every other", () => {
  const redactor = createRedactor(["s3cr3t"]);
  const headers = {
    authorization: "Bearer x",
    "Proxy-Authorization": "x",
    cookie: "a=1",
    "set-cookie": "a=1",
    "x-api-key": "x",
    "X-Auth-Token": "x",
    "client-secret": "x",
    "x-plain": "a s3cr3t here",
    "x-own": "x",
    accept: "application/json",
  };
  assert.deepEqual(redactor.headers(headers, new Set(["x-own"])), {
    authorization: "[redacted]",
    "Proxy-Authorization": "[redacted]",
    cookie: "[redacted]",
    "set-cookie": "[redacted]",
    "x-api-key": "[redacted]",
    "X-Auth-Token": "[redacted]",
    "client-secret": "[redacted]",
    "x-plain": "a [redacted] here",
    "x-own": "[redacted]",
    accept: "application/json",
  });
});

test("S6: in URLs by name, but not what marks a page", () => {
  const redactor = createRedactor([]);
  assert.equal(
    redactor.url("https://a.example/x?api_key=abc&page_token=next&q=1&access_token=t#f", new Set(["q"])),
    "https://a.example/x?api_key=[redacted]&page_token=next&q=[redacted]&access_token=[redacted]#f",
  );
});

test("S6: in JSON and forms by name, whole or cut", () => {
  const { text } = createRedactor([]);
  assert.equal(text('{"access_token": "a\\"b", "name": "n"}'), '{"access_token": "[redacted]", "name": "n"}');
  assert.equal(text('{"password":12345,"x":1}'), '{"password":"[redacted]","x":1}');
  assert.equal(text('{"client_secret":"cut off her'), '{"client_secret":"[redacted]"');
  assert.equal(text('{"nextPageToken":"abc"}'), '{"nextPageToken":"abc"}');
  assert.equal(text("grant_type=x&client_secret=abc&a=1"), "grant_type=x&client_secret=[redacted]&a=1");
});

test("S6: values too short to be told from innocent text are hidden by name alone", () => {
  assert.equal(createRedactor(["abc"]).text("abc abcdef"), "abc abcdef");
});

test("S6: a secret that is learnt later is hidden from then on, and old ones make room", () => {
  const redactor = createRedactor(["first-secret"]);
  for (let count = 0; count < 200; count++) redactor.learn(`token-${count}-x`);
  assert.equal(redactor.text("token-199-x first-secret"), "[redacted] [redacted]");
  assert.equal(redactor.text("value 0-x"), "value 0-x");
});

test("S6: what is in use is not forgotten, however many tokens come and go", () => {
  const redactor = createRedactor([]);
  redactor.keep("literal-secret");
  for (let count = 0; count < 200; count++) {
    redactor.learn("refresh-token-x");
    redactor.learn(`access-${count}-x`);
  }
  assert.equal(redactor.text("literal-secret refresh-token-x"), "[redacted] [redacted]");
});

test("S7: control characters and marks that turn text around are shown, not obeyed", () => {
  assert.equal(
    visible("a\u001b[31mred\u0007\u202etxt\nb\tc\u0085\u2028"),
    "a\\u001b[31mred\\u0007\\u202etxt\nb\tc\\u0085\\u2028",
  );
  assert.equal(visibleLine("  a\r\n b\u001b  c "), "a b\\u001b c");
});
