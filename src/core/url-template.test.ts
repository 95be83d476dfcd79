import { suite, test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { EvenkeelError } from "./errors.ts";
import type { Expression, Scope } from "./expression.ts";
import { exactNumber, member, objectOf, type Json, type JsonObject } from "./json.ts";
import { escapeTemplate, type Compile } from "./template.ts";
import { ADDRESS_LENGTH_MAX, parseRequest, type RequestSource, type RequestTemplate } from "./url-template.ts";

/** Names of the mapped record, and `$key`, `$id`: enough of a language for templates. */
const compile: Compile = (text) => {
  if (!/^\s*\$?\w+\s*$/.test(text)) return { ok: false, reason: `no expression: ${text}`, offset: 0 };
  const name = text.trim();
  const expression: Expression = {
    text: name,
    uses: new Set(name.startsWith("$") ? [name.slice(1)] : []),
    ...(name.startsWith("$") ? {} : { path: [name] }),
    evaluate: (input, bindings) => {
      if (name === "fails") throw new EvenkeelError("CONFIG_EXPRESSION", "it fails");
      const value = name.startsWith("$") ? bindings?.[name.slice(1)] : member(input, name);
      return name.startsWith("later") ? Promise.resolve(value) : value;
    },
  };
  return { ok: true, expression };
};

function template(source: string | RequestSource): RequestTemplate {
  const parsed = parseRequest(typeof source === "string" ? { request: source } : source, compile);
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.reason);
  return parsed.value;
}

const scope = (mapped: Record<string, Json> = {}, destinationId?: string): Scope => ({
  mapped: objectOf(Object.entries(mapped)),
  key: "k1",
  source: {},
  destinationId,
});

function reasonOf(source: string | RequestSource): { reason: string; offset: number } {
  const parsed = parseRequest(typeof source === "string" ? { request: source } : source, compile);
  assert.ok(!parsed.ok, "it was expected to be refused");
  return parsed;
}

const BASE = "https://api.example.com/v1";

suite("parsing", () => {
  test("a request is a method and a path", () => {
    const parsed = template("PUT /items/{sku}");
    assert.equal(parsed.method, "PUT");
    assert.equal(parsed.text, "PUT /items/{sku}");
    assert.deepEqual([...template("GET /a/{$key}/{$id}").uses], ["key", "id"]);
  });

  test("problems name what to write, and where", () => {
    assert.match(reasonOf("/items").reason, /a method and a path/);
    assert.match(reasonOf("get /items").reason, /`GET`/);
    assert.match(reasonOf("FETCH /items").reason, /not one of GET/);
    assert.match(reasonOf("GET items").reason, /starts with `\/`/);
    assert.match(reasonOf("GET //evil.example/x").reason, /one `\/`/);
    assert.match(reasonOf("GET https://evil.example/x").reason, /relative to the connection's `baseUrl`/);
    assert.match(reasonOf("GET /a/../b").reason, /`\.` or `\.\.`/);
    assert.match(reasonOf("GET /a/%2E%2e/b").reason, /`\.` or `\.\.`/);
    assert.match(reasonOf("GET /a#b").reason, /%23/);
    assert.deepEqual(reasonOf("PUT /items/:sku/x"), {
      ok: false,
      reason: "a value of the record is written `{sku}`, not `:sku`",
      offset: 11,
    });
    assert.ok(template("GET /items:search").isFixedPath && template("GET /a/:{$key}").uses.has("key"));
    assert.match(reasonOf("GET /a?{sku}=1").reason, /name is fixed/);
    assert.match(reasonOf("GET /a?=1").reason, /name is fixed/);
    assert.match(reasonOf("GET /a\\b").reason, /%5C/);
    assert.match(reasonOf("GET /100%").reason, /%25/);
    assert.deepEqual(reasonOf("GET /items/a b"), {
      ok: false,
      reason: "` ` cannot stand in an address: write `%20`",
      offset: 12,
    });
    assert.equal(reasonOf("GET /items/{sku").offset, 11);
    assert.equal(reasonOf("GET /items/sku}").offset, 14);
    assert.equal(reasonOf("GET /items/{a b}").offset, 12);
    assert.match(reasonOf({ request: "GET /a", query: { q: "{" } }).reason, /query parameter `q`: a `\{` without/);
    assert.match(reasonOf({ request: "GET /a", headers: { "X Y": "1" } }).reason, /not a header's name/);
    assert.match(reasonOf({ request: "GET /a", headers: { x: "a\nb" } }).reason, /visible ASCII/);
    assert.match(reasonOf({ request: "GET /a", headers: { x: "" } }).reason, /empty/);
  });

  test("literals are kept, and made valid where a URL parser would change them", () => {
    assert.deepEqual(template("GET /caf\u00e9/a%20b/").render(scope()), {
      ok: true,
      path: "/caf%C3%A9/a%20b/",
      headers: {},
    });
    assert.deepEqual(template("GET /a?wsdl&x=1,2&y=/?").render(scope()), {
      ok: true,
      path: "/a?wsdl&x=1,2&y=/?",
      headers: {},
    });
  });

  test("braces that stand for themselves are escaped by doubling", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const rendered = template({ request: "GET /a", query: { q: escapeTemplate(text) } }).render(scope());
        assert.ok(!(rendered instanceof Promise) && rendered.ok);
        assert.equal(new URL(BASE + rendered.path).searchParams.get("q"), text);
      }),
    );
  });
});

suite("rendering", () => {
  test("values stand in path, query and headers", () => {
    const request = template({
      request: "PUT /items/{sku}/x-{n}.json?lang={lang}",
      query: { ref: "{$key}", fixed: "a b&c", limit: 5, archived: false, many: ["1", "{n}"] },
      headers: { "X-Ref": "ref {$id}" },
    });
    assert.deepEqual(request.render(scope({ sku: "A/1", n: 7, lang: "" }, "d9")), {
      ok: true,
      path: "/items/A%2F1/x-7.json?lang=&ref=k1&fixed=a%20b%26c&limit=5&archived=false&many=1&many=7",
      headers: { "x-ref": "ref d9" },
    });
  });

  test("U10: the text of the one value tells which key the path follows from; two values, or one in a header, tell nothing", () => {
    const onlyValue = (source: RequestSource): string | undefined => {
      const rendered = template(source).render(scope({ a: "1", b: "2" })) as { ok: true; onlyValue?: string };
      assert.ok(rendered.ok);
      return rendered.onlyValue;
    };
    assert.equal(onlyValue({ request: "PUT /items/{a}" }), "1");
    assert.equal(onlyValue({ request: "PUT /items", query: { id: "{a}" } }), "1");
    assert.equal(onlyValue({ request: "PUT /items/{a}-{b}" }), undefined);
    assert.equal(onlyValue({ request: "PUT /items/{a}", headers: { x: "{b}" } }), undefined);
    assert.equal(onlyValue({ request: "PUT /items" }), undefined);
  });

  test("it is synchronous unless an expression is not", async () => {
    assert.ok(!(template("GET /{sku}").render(scope({ sku: "a" })) instanceof Promise));
    const later = template("GET /{later}/{sku}").render(scope({ later: "b", sku: "a" }));
    assert.ok(later instanceof Promise);
    assert.deepEqual(await later, { ok: true, path: "/b/a", headers: {} });
  });

  test("an expression that fails is a reason, also beside one that is still on its way", async () => {
    assert.deepEqual(await template("GET /{later}/{fails}").render(scope({ later: "b" })), {
      ok: false,
      reason: "it fails",
    });
  });

  test("S1: in the fixed quotes of a segment or query value a quote is doubled", () => {
    const render = (request: RequestSource) => template(request).render(scope({ code: "O'Neil", b: "x" }));
    assert.deepEqual(render({ request: "GET /Items('{code}')" }), {
      ok: true,
      path: "/Items('O%27%27Neil')",
      onlyValue: "O'Neil",
      headers: {},
    });
    assert.deepEqual(render({ request: "GET /Items(%27{code}%27)" }), {
      ok: true,
      path: "/Items(%27O%27%27Neil%27)",
      onlyValue: "O'Neil",
      headers: {},
    });
    assert.deepEqual(render({ request: "GET /Items(a='{b}',b={code})" }), {
      ok: true,
      path: "/Items(a='x',b=O%27Neil)",
      headers: {},
    });
    const filtered = render({ request: "GET /Items", query: { $filter: "code eq '{code}'" } });
    assert.ok(!(filtered instanceof Promise) && filtered.ok);
    assert.equal(new URL(BASE + filtered.path).searchParams.get("$filter"), "code eq 'O''Neil'");
  });

  test("S1: hostile ids are refused or stay in their segment", () => {
    const render = (id: Json) => template("DELETE /items/{id}").render(scope({ id }));
    const path = (id: Json): string => {
      const rendered = render(id);
      assert.ok(!(rendered instanceof Promise) && rendered.ok, JSON.stringify(id));
      return rendered.path;
    };
    assert.equal(path("../admin"), "/items/..%2Fadmin");
    assert.equal(path("a/b"), "/items/a%2Fb");
    assert.equal(path("%2e%2e"), "/items/%252e%252e");
    assert.equal(path(0), "/items/0");
    assert.equal(path(exactNumber("9007199254740993")), "/items/9007199254740993");
    assert.equal(path("__proto__"), "/items/__proto__");
    assert.equal(path("?x=1"), "/items/%3Fx%3D1");
    assert.equal(path("#"), "/items/%23");
    assert.equal(path("\u{1F600}"), "/items/%F0%9F%98%80");
    assert.equal(path("..."), "/items/...");
    for (const [id, reason] of [
      ["..", /climb out/],
      [".", /climb out/],
      ["", /empty/],
      ["a\nb", /control character/],
      ["a\u0085b", /control character/],
      ["a\ud800b", /lone surrogate/],
      [null, /null/],
      [true, /true/],
      [[1], /a list/],
      [{ a: 1 }, /an object/],
      [Number.NaN, /NaN/],
      ["x".repeat(ADDRESS_LENGTH_MAX), /longer than/],
    ] as const) {
      const rendered = render(id);
      assert.ok(!(rendered instanceof Promise) && !rendered.ok, JSON.stringify(id));
      assert.match(rendered.reason, reason);
    }
    const absent = template("DELETE /items/{id}").render(scope());
    assert.deepEqual(absent, {
      ok: false,
      reason: "`id` is absent, and an address or header takes a text or a number",
    });
  });

  test("a name of the source's record, where the mapped one counts, is told with what there is and what to write", () => {
    const reasonOf = (mapped: JsonObject, source: JsonObject): string => {
      const rendered = template("PUT /items/{id}").render({ ...scope(), mapped, source });
      return rendered instanceof Promise || rendered.ok ? "" : rendered.reason;
    };
    const source = { id: 7, title: "a" };
    assert.equal(
      reasonOf({ sku: 7, name: "a" }, source),
      "`id` is not in the mapped record, which has `sku` and `name`; write `{sku}`, or `{$source.id}` for the source's own field",
    );
    assert.equal(reasonOf({ name: "a" }, { no: 7 }), "`id` is not in the mapped record, which has `name`");
    assert.equal(reasonOf(source, source), "");
    const same = { no: 7 };
    assert.equal(reasonOf(same, same), "`id` is not in the record, which has `no`");
  });

  test("S1: a finished segment of several parts is no dot segment either", () => {
    assert.ok(!(template("GET /a/.{x}/b").render(scope({ x: "." })) as { ok: boolean }).ok);
    assert.ok(!(template("GET /a/%2e{x}/b").render(scope({ x: "." })) as { ok: boolean }).ok);
    assert.ok(!(template("GET /a/{x}{x}/b").render(scope({ x: "." })) as { ok: boolean }).ok);
    assert.ok((template("GET /a/x{x}/b").render(scope({ x: "." })) as { ok: boolean }).ok);
  });

  const anyId = fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.string({ unit: "grapheme", maxLength: 40 }),
    fc
      .array(
        fc.constantFrom("..", ".", "/", "\\", "%2e", "%2F", "?", "#", "@", ":", "'", ";", " ", "\t", "a", "\ud800"),
        { maxLength: 6 },
      )
      .map((parts) => parts.join("")),
    fc.integer(),
    fc.double(),
  );

  test("S1: whatever the value, it is refused or stays in its segment and decodes to itself", () => {
    const shapes = [
      { request: "PUT /items/{id}/edit", before: "", after: "", at: 3, quoted: false },
      { request: "PUT /items/pre-{id}.json/edit", before: "pre-", after: ".json", at: 3, quoted: false },
      { request: "PUT /items/Items('{id}')/edit", before: "Items('", after: "')", at: 3, quoted: true },
    ];
    fc.assert(
      fc.property(fc.constantFrom(...shapes), anyId, ({ request, before, after, at, quoted }, id) => {
        const rendered = template(request).render(scope({ id }));
        assert.ok(!(rendered instanceof Promise));
        if (!rendered.ok) return;
        const url = new URL(BASE + rendered.path);
        assert.equal(url.origin, "https://api.example.com");
        assert.equal(url.search + url.hash + url.username + url.password, "");
        const segments = url.pathname.split("/");
        assert.equal(segments.length, 5);
        const text = quoted ? String(id).replaceAll("'", "''") : String(id);
        assert.equal(decodeURIComponent(segments[at] as string), before + text + after);
        assert.equal(segments[4], "edit");
      }),
      { numRuns: 2_000 },
    );
  });

  test("S1: whatever the value, it is refused or stays in its query parameter and decodes to itself", () => {
    fc.assert(
      fc.property(anyId, (id) => {
        const rendered = template({ request: "GET /items?a={id}&b=2", query: { c: "{id}", d: "x" } }).render(
          scope({ id }),
        );
        assert.ok(!(rendered instanceof Promise));
        if (!rendered.ok) return;
        const url = new URL(BASE + rendered.path);
        assert.equal(url.origin + url.pathname + url.hash, "https://api.example.com/v1/items");
        assert.deepEqual(
          [...url.searchParams],
          [
            ["a", String(id)],
            ["b", "2"],
            ["c", String(id)],
            ["d", "x"],
          ],
        );
      }),
      { numRuns: 2_000 },
    );
  });

  test("S7: a templated header is visible ASCII, whatever the value", () => {
    fc.assert(
      fc.property(anyId, (id) => {
        const rendered = template({ request: "GET /a", headers: { "X-Id": "v {id}" } }).render(scope({ id }));
        assert.ok(!(rendered instanceof Promise));
        if (rendered.ok) assert.match(rendered.headers["x-id"] as string, /^v [\x21-\x7e]+$/);
        else assert.match(rendered.reason, /header `x-id`/);
      }),
      { numRuns: 1_000 },
    );
    assert.ok(
      !(
        template({ request: "GET /a", headers: { x: "{id}" } }).render(scope({ id: "a\r\nEvil: 1" })) as { ok: boolean }
      ).ok,
    );
  });
});
