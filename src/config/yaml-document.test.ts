import { suite, test } from "node:test";
import assert from "node:assert/strict";
import { readYaml } from "./yaml-document.ts";

const read = (text: string) => readYaml(text, "evenkeel.yaml");
function valueOf(text: string): unknown {
  const { document, problems } = read(text);
  assert.deepEqual(problems, []);
  return document.value;
}
function problemOf(text: string): { readonly at: string; readonly message: string; readonly next: string } {
  const [problem, ...others] = read(text).problems;
  assert.ok(problem !== undefined, "it was expected to be refused");
  assert.deepEqual(others, [], "the errors that follow from the first are not told");
  return { at: `${problem.place.line}:${problem.place.column}`, message: problem.message, next: problem.next ?? "" };
}

suite("values", () => {
  test("are plain data; numbers that a double would write otherwise keep their text", () => {
    assert.deepEqual(
      valueOf("a: 9007199254740993\nb: 1.10\nc: 007\nd: 0x10\ne: 12\nf: -1.5\ng: 1e3\nh: .nan\ni: yes\nj: 2024-01-01"),
      {
        a: "9007199254740993",
        b: "1.10",
        c: "007",
        d: "0x10",
        e: 12,
        f: -1.5,
        g: "1e3",
        h: ".nan",
        i: "yes",
        j: "2024-01-01",
      },
    );
  });

  test("aliases are followed, up to a limit", () => {
    assert.deepEqual(valueOf("a: &x { b: 1 }\nc: *x"), { a: { b: 1 }, c: { b: 1 } });
    const bomb = [
      "a: &a [x, x]",
      ...Array.from(
        { length: 12 },
        (_, index) =>
          `b${index}: &b${index} [${Array(9)
            .fill(`*${index === 0 ? "a" : `b${index - 1}`}`)
            .join(", ")}]`,
      ),
    ].join("\n");
    assert.ok(read(bomb).problems.some(({ message }) => /more than 1000 aliases/.test(message)));
  });

  test("S5: __proto__ is a key like any other", () => {
    const value = valueOf("mapping: { __proto__: { polluted: x } }") as { mapping: object };
    assert.deepEqual(Object.keys(value.mapping), ["__proto__"]);
    assert.equal(({} as { polluted?: string }).polluted, undefined);
  });
});

suite("places", () => {
  const text =
    "syncs:\n  p:\n    source: { key: id, records: data }\n    mapping:\n      sku: 'a b'\n      list:\n        - x\n        - y z\n";
  const { document } = read(text);
  const at = (path: (string | number)[], options = {}): string => {
    const { line, column } = document.placeOf(path, options);
    return `${line}:${column}`;
  };

  test("of values, keys and positions in values", () => {
    assert.equal(at(["syncs", "p", "mapping", "sku"]), "5:12");
    assert.equal(at(["syncs", "p", "mapping", "sku"], { key: true }), "5:7");
    assert.equal(at(["syncs", "p", "mapping", "sku"], { offset: 2 }), "5:15");
    assert.equal(at(["syncs", "p", "mapping", "list", 1], { offset: 2 }), "8:13");
    assert.equal(at(["syncs", "p", "source", "records"]), "3:33");
  });

  test("what is missing is shown at the nearest key above it", () => {
    assert.equal(at(["syncs", "p", "destination"]), "2:3");
    assert.equal(at(["syncs", "p", "source", "connection", "x"]), "3:5");
    assert.equal(at(["connections"]), "1:1");
    assert.equal(at(["syncs", "p", "mapping", "sku", "request"]), "5:12");
  });

  test("the source of a one-line map", () => {
    assert.equal(document.sourceOf(["syncs", "p", "source"]), "{ key: id, records: data }");
    assert.equal(document.sourceOf(["syncs", "p", "mapping"]), undefined);
  });
});

suite("traps: what YAML does to expressions gets the quoted form proposed", () => {
  const traps: readonly (readonly [text: string, at: string, next: RegExp])[] = [
    ["m:\n  sku: {id}\n", "2:8", /Write `id` .* or `"\{id\}"` for a template/],
    ["q:\n  ref: {$key}\n", "2:8", /`"\{\$key\}"`/],
    ["u: { request: PUT /items/{sku}, id: data.id }\n", "1:26", /`request: "PUT \/items\/\{sku\}"`/],
    ["f: { record: data[0], id: id }\n", "1:18", /`record: "data\[0\]"`/],
    ["a: @tag\n", "1:4", /`a: "@tag"`/],
    ["a: `first name`.x\n", "1:4", /`a: "`first name`\.x"`/],
    ["a: *rest\n", "1:4", /`"\*rest"`/],
    ["a: **.sku\n", "1:4", /`"\*\*\.sku"`/],
    ["a: &first\n", "1:10", /`"&first"`/],
    ["a: x ? 'b' : 'c'\n", "1:4", /`a: "x \? 'b' : 'c'"`/],
    ["a: { b: x ? y : z }\n", "1:9", /`b: "x \? y : z"`/],
    ['a: "x" & y\n', "1:8", /`a: '"x" & y'`/],
    ["a: 'x' & y\n", "1:8", /`a: "'x' & y"`/],
    ["a: {sku} & x\n", "1:10", /`a: "\{sku\} & x"`/],
    ["a: { b: $sum(x, y), c: d }\n", "1:4", /`b: "\$sum\(x, y\)"`/],
    ["a: { 'b': $sum(x, y) }\n", "1:4", /in quotes: `"\{ 'b': \$sum\(x, y\) \}"`/],
    ["a: [data[0], b]\n", "1:9", /stand in quotes/],
    ["a: x #$i.y\n", "1:4", /`"x #\$i\.y"`/],
    ["a: !x\n", "1:4", /`a: "!x"`/],
    ["a: %x\n", "1:4", /`a: "%x"`/],
    ["a:\n\tb: 1\n", "2:1", /spaces/],
    ["a: b\n---\nc: d\n", "2:1", /one document/],
  ];
  for (const [text, at, next] of traps) {
    test(JSON.stringify(text), () => {
      const problem = problemOf(text);
      assert.equal(problem.at, at, problem.message);
      assert.match(problem.next, next);
    });
  }

  test("a proposal can be pasted: it reads as the text that was meant", () => {
    for (const [text] of traps) {
      const proposal = /^Write (?:the value|it) in quotes: `(?:[\w]+: )?(.*)`\.$/s.exec(problemOf(text).next)?.[1];
      if (proposal !== undefined) assert.equal(typeof valueOf(proposal), "string", proposal);
    }
  });

  test("a key that is there twice", () => {
    assert.equal(problemOf("a: 1\nb: 2\na: 3\n").message, "the key `a` is there twice");
  });

  test("every line with an error is told", () => {
    assert.deepEqual(
      read("a: @x\nb: c\nd: `e`\n").problems.map(({ place }) => place.line),
      [1, 3],
    );
  });
});
