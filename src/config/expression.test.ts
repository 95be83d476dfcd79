import { suite, test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import jsonata from "jsonata";
import { EvenkeelError } from "../core/errors.ts";
import { exactNumber, type Json } from "../core/json.ts";
import { compileExpression, compileText, type CompileOptions } from "./expression.ts";
import { FUNCTIONS } from "./functions.ts";

/** The value of a text that must evaluate at once. */
function now(text: string, input: Json, bindings = {}): Json | undefined {
  const value = compileExpression(text).evaluate(input, bindings);
  assert.ok(!(value instanceof Promise), `${text} is asynchronous`);
  return value;
}
const later = async (text: string, input: Json, bindings = {}): Promise<Json | undefined> =>
  compileExpression(text).evaluate(input, bindings);

async function reasonOf(text: string, input: Json): Promise<string> {
  try {
    await compileExpression(text).evaluate(input);
  } catch (error) {
    assert.ok(error instanceof EvenkeelError && error.code === "CONFIG_EXPRESSION", String(error));
    return error.message;
  }
  return assert.fail(`${text} was expected to fail`);
}

function refusal(text: string, options: CompileOptions = {}): { reason: string; offset: number } {
  const compiled = compileText(text, options);
  assert.ok(!compiled.ok, `${text} was expected to be refused`);
  return compiled;
}

suite("plain paths", () => {
  const record: Json = {
    id: 7,
    big: exactNumber("9007199254740993"),
    price: exactNumber("1.10"),
    "x-y": { "a b": "ticked" },
    data: { items: [{ sku: "a" }], one: [1], none: [] },
    lines: [{ sku: "a", tags: ["x"] }, { sku: "b", tags: ["y", "z"] }, {}],
    single: [{ sku: "a" }],
    empty: [],
    nothing: null,
    in: "a word of JSONata's own",
    größe: "L",
  };

  test("S5: a path gives what is there: lists as they are, exact numbers untouched", () => {
    assert.equal(now("id", record), 7);
    assert.equal(now(" data . one ", record), (record as { data: { one: Json } }).data.one);
    assert.equal(now("big", record), (record as { big: Json }).big);
    assert.equal(JSON.stringify(now("price", record)), "1.10");
    assert.deepEqual(now("data.none", record), []);
    assert.deepEqual(now("single", record), [{ sku: "a" }]);
    assert.equal(now("nothing", record), null);
    assert.equal(now("`x-y`.`a b`", record), "ticked");
    assert.equal(now("in", record), "a word of JSONata's own");
    assert.equal(now("größe", record), "L");
    assert.equal(now("$", record), record);
    assert.equal(now("$$.id", record), 7);
  });

  test("through a list, a path gives a list, for one match too, and nothing when no item has it", () => {
    assert.deepEqual(now("lines.sku", record), ["a", "b"]);
    assert.deepEqual(now("lines.tags", record), ["x", "y", "z"]);
    assert.deepEqual(now("single.sku", record), ["a"]);
    assert.deepEqual(now("empty.sku", record), []);
    assert.equal(now("lines.skuu", record), undefined);
    assert.deepEqual(now("sku", [{ sku: 1 }, { sku: 2 }]), [1, 2]);
  });

  test("a number in brackets takes one item, from the end when it is negative", () => {
    assert.deepEqual(now("data.items[0]", record), { sku: "a" });
    assert.equal(now("data.items[0].sku", record), "a");
    assert.equal(now("data.items[-1].sku", record), "a");
    assert.equal(now("data.items[1]", record), undefined);
    assert.equal(now("id[0]", record), 7);
    assert.equal(now("id[1]", record), undefined);
    assert.deepEqual(now("lines.tags[0]", record), ["x", "y"]);
  });

  test("S5: nothing inherited is ever reached", () => {
    for (const text of [
      "__proto__",
      "constructor",
      "toString",
      "id.toFixed",
      "data.items.length",
      "big.rawJSON",
      "data.__proto__.polluted",
    ])
      assert.equal(now(text, record), undefined, text);
    assert.equal(now("__proto__.a", JSON.parse('{"__proto__":{"a":1}}') as Json), 1);
  });

  test("bindings are paths too", () => {
    assert.equal(now("$key", {}, { key: "k" }), "k");
    assert.equal(now("$source.a.b", {}, { source: { a: { b: 1 } } }), 1);
    assert.equal(now("$id", {}, {}), undefined);
    assert.deepEqual([...compileExpression("$source.a").uses], ["source"]);
    assert.equal(compileExpression("$source.a").path, undefined);
  });

  test("a path from the input names its members", () => {
    assert.deepEqual(compileExpression("a.`b c`[0].d").path, ["a", "b c", "d"]);
    assert.equal(compileExpression("a & b").path, undefined);
    assert.equal(compileExpression("'a'").path, undefined);
  });

  test("it agrees with JSONata wherever no list is met", async () => {
    const names = ["a", "b", "c"];
    const tree = fc.letrec<{ node: Json }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<Json>(1, "x", true),
        fc.dictionary(fc.constantFrom(...names), tie("node"), { noNullPrototype: true }),
      ),
    })).node;
    await fc.assert(
      fc.asyncProperty(
        tree,
        fc.array(fc.constantFrom(...names, "a[0]", "b[-1]", "c[1]"), { minLength: 1, maxLength: 4 }),
        async (input, steps) => {
          const text = steps.join(".");
          assert.deepEqual(now(text, input), await jsonata(text).evaluate(input));
        },
      ),
    );
  });
});

suite("literals", () => {
  test("numbers, booleans, null and quoted texts stand for themselves", () => {
    for (const [text, value] of [
      ["5", 5],
      ["-1.5", -1.5],
      ["true", true],
      ["null", null],
      ["'product'", "product"],
      ['"it\'s"', "it's"],
      ["'a\\n\\u0041\\\\'", "a\nA\\"],
      ["''", ""],
    ] as const)
      assert.equal(now(text, {}), value, text);
    assert.equal(compileExpression(5).evaluate({}), 5);
    assert.equal(compileExpression(null).evaluate({}), null);
    assert.equal(compileExpression(false).evaluate({}), false);
  });

  test("S5: a number that a double would change keeps its text", () => {
    assert.equal(JSON.stringify(now("9007199254740993", {})), "9007199254740993");
    assert.equal(JSON.stringify(now("1.10", {})), "1.10");
  });

  test("two texts side by side are no literal", () => {
    assert.match(refusal("'a' 'b'").reason, /syntax error/);
  });
});

suite("JSONata", () => {
  test("results are plain JSON: lists, objects, undefined", async () => {
    const list = await later("items[price > 1].name", {
      items: [
        { price: 2, name: "a" },
        { price: 3, name: "b" },
      ],
    });
    assert.deepEqual(list, ["a", "b"]);
    assert.deepEqual(Object.keys(list as object), ["0", "1"]);
    const object = await later("{ 'a': x, 'n': [x] }", { x: 1 });
    assert.deepEqual(object, { a: 1, n: [1] });
    assert.equal(Object.getPrototypeOf(object), Object.prototype);
    assert.equal(await later("a & b & undefined", {}), "");
    assert.equal(await later("$number(missing)", {}), undefined);
  });

  test("S5: exact numbers become plain numbers where that loses nothing, and text where it would", async () => {
    const input: Json = {
      price: exactNumber("1.10"),
      big: exactNumber("9007199254740993"),
      small: exactNumber("0.12345678901234567890123"),
      many: [exactNumber("1e3")],
    };
    assert.equal(await later("price * 2", input), 2.2);
    assert.equal(await later("big & ''", input), "9007199254740993");
    assert.equal(await later("$type(small)", input), "string");
    assert.equal(await later("$sum(many)", input), 1000);
    assert.equal(await later("$type($source.big)", {}, { source: input }), "string");
    assert.match(await reasonOf("big + 1", input), /`big` is the text "9007199254740993"/);
  });

  test("it does not change its input", async () => {
    const input = { a: [{ b: 1 }], price: exactNumber("1.10") };
    const before = JSON.stringify(input);
    await later("a[]", input);
    await later("$source.a[]", {}, { source: input });
    await later("$ ~> |a|{'b': 2}|", input);
    assert.equal(JSON.stringify(input), before);
    assert.deepEqual(Object.keys(input.a), ["0"]);
  });

  test("$round rounds half to even", async () => {
    assert.equal(await later("$round(a)", { a: 2.5 }), 2);
    assert.equal(await later("$round(a)", { a: 3.5 }), 4);
  });

  test("arithmetic on text proposes $number", async () => {
    assert.match(
      await reasonOf("$round(price * 100)", { price: "12.50" }),
      /`price` is the text "12\.50", and `\*` takes numbers: write `\$number\(price\)`/,
    );
    assert.match(await reasonOf("100 * order.price", { order: { price: "12" } }), /write `\$number\(order\.price\)`/);
    assert.match(await reasonOf("-price", { price: "1" }), /\$number/);
    assert.match(await reasonOf("price > 10", { price: "12" }), /compares .* write `\$number\(price\)`/);
    assert.match(
      await reasonOf("$round(price)", { price: "12.5" }),
      /`\$round` does not take the text "12\.5": write `\$number/,
    );
    assert.match(await reasonOf("first + last", { first: "A", last: "B" }), /texts are joined with `&`/);
    assert.match(await reasonOf("a * 2", { a: [1, 2] }), /`a` is a list/);
    assert.match(await reasonOf("$number(a)", { a: "x" }), /unable to cast value to a number: "x"/);
    assert.match(await reasonOf("$error('no stock')", {}), /no stock/);
  });

  test("what never ends is stopped", async () => {
    assert.match(await reasonOf("($f := function($n){ 1 + $f($n) }; $f(1))", {}), /does not come to an end/);
    assert.match(await reasonOf("$sum([1..9000000])", {}), /maximum sequence length/);
  });

  test("an expression over a long list is not mistaken for one that never ends", async () => {
    const items = Array.from({ length: 10_000 }, (_, index) => ({ sku: `s${index}`, price: index }));
    const prices = await later("items{ sku: price * 2 }", { items });
    assert.equal(Object.keys(prices as object).length, 10_000);
  });

  test("a function is no value", async () => {
    assert.match(refusal("$uppercase").reason, /is a function: call it/);
    assert.match(await reasonOf("function($x){ $x }", {}), /gives a function instead of a value/);
    assert.match(await reasonOf("{ 'a': $uppercase }", {}), /not JSON/);
  });

  test("uses names what it refers to", () => {
    assert.deepEqual([...compileExpression("$source.a & $key").uses].sort(), ["key", "source"]);
    assert.deepEqual([...compileExpression("price * 2").uses], []);
  });
});

suite("what is refused before any record is read", () => {
  test("P10: functions that differ at every run", () => {
    for (const text of [
      "$now()",
      "'at ' & $now()",
      "$random()",
      "$millis()",
      "$shuffle(a)",
      "a ~> $shuffle",
      "$map(a, $shuffle)",
    ])
      assert.match(refusal(text).reason, /at every run/, text);
    assert.match(refusal("$eval('1')").reason, /not available/);
  });

  test("unknown names, with the nearest one and its offset", () => {
    assert.deepEqual(refusal("1 + $roundd(price)"), {
      ok: false,
      reason: "`$roundd` is not a function of JSONata; did you mean `$round`?",
      offset: 4,
    });
    assert.match(refusal("$kye").reason, /did you mean `\$key`/);
    assert.match(refusal("'x' & $kye").reason, /did you mean `\$key`/);
    assert.match(refusal("1 + round(price)").reason, /`round` is not a function; did you mean `\$round`/);
    assert.equal(refusal("1 + round(price)").offset, 4);
    assert.match(refusal("'a' & total(1)").reason, /`total` is not a function/);
    assert.match(refusal("$source()").reason, /a value, not a function/);
    assert.match(refusal("$key", { bindings: new Set() }).reason, /write the name of a field/);
    assert.match(refusal("$tenant", { bindings: new Set(["key", "id"]) }).reason, /there are `\$key` or `\$id`/);
  });

  test("names that an expression declares itself are known", () => {
    for (const text of [
      "($a := 1; $a + b)",
      "$map(x, function($v, $i){ $v + $i })",
      "a@$x.b#$i[$x.id = $i]",
      "$reduce(x, function($p, $c){ $p + $c }, 0)",
    ])
      assert.ok(compileText(text, { bindings: new Set() }).ok, text);
  });

  test("names outside an input whose members are fixed", () => {
    const inputs = new Set(["method", "status", "headers", "body"]);
    const refused = (text: string) => refusal(text, { bindings: new Set(), inputs });
    assert.match(refused("status = 403 and bodi.code = 1").reason, /`bodi` is not known here; did you mean `body`/);
    assert.equal(refused("status = 403 and bodi.code = 1").offset, 17);
    assert.match(refused("errors").reason, /there are `method`, `status`, `headers` or `body`/);
    assert.match(refused("$count(errors) > 0").reason, /`errors`/);
    for (const text of [
      "status = 200 and body.error != null",
      "body.errors[code = 5]",
      "$exists(body.a.b)",
      "headers.`retry-after`",
      "($b := body; $b.code = 1)",
    ])
      assert.ok(compileText(text, { bindings: new Set(), inputs }).ok, text);
  });

  test("syntax errors, with their offset and the habit behind them", () => {
    assert.match(refusal("status == 403").reason, /equality is a single `=`/);
    assert.match(refusal("a && b").reason, /`and`/);
    assert.match(refusal("a || b").reason, /`or`/);
    assert.match(refusal("!a").reason, /\$not/);
    assert.match(refusal("2024-01-01").reason, /quotes of its own/);
    assert.equal(refusal("  a b").offset, 4);
    assert.equal(refusal("items[0").offset, 7);
    assert.match(refusal("").reason, /empty/);
    assert.throws(
      () => compileExpression("a b", { place: { file: "evenkeel.yaml", line: 3, column: 4 } }),
      (error: EvenkeelError) => {
        assert.equal(error.code, "CONFIG_EXPRESSION");
        assert.deepEqual(error.place, { file: "evenkeel.yaml", line: 3, column: 4 });
        assert.match(error.message, /at character 3/);
        return true;
      },
    );
  });

  test("the list of functions is JSONata's own", async () => {
    for (const name of FUNCTIONS) assert.equal(await jsonata(`$type($${name})`).evaluate({}), "function", name);
  });
});

suite("functions", () => {
  test("they see plain numbers and the bindings, and may be asynchronous", async () => {
    const input = { price: exactNumber("1.10"), id: exactNumber("9007199254740993") };
    assert.equal(compileExpression((record: { price: number }) => record.price * 2).evaluate(input), 2.2);
    assert.equal(
      JSON.stringify(compileExpression((record: { id: string }) => BigInt(record.id)).evaluate(input)),
      "9007199254740993",
    );
    assert.equal(compileExpression((_, { key }) => `#${String(key)}`).evaluate({}, { key: "k" }), "#k");
    assert.equal(await compileExpression(async () => "later").evaluate({}), "later");
    assert.equal(compileExpression(() => undefined).evaluate({}), undefined);
  });

  test("what is not JSON is refused, and what they throw is told", async () => {
    const thrown = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        assert.ok(error instanceof EvenkeelError && error.code === "CONFIG_EXPRESSION");
        return error.message;
      }
      return assert.fail("it was expected to throw");
    };
    assert.match(
      thrown(() => compileExpression(() => new Date(0)).evaluate({})),
      /a Date \(1970-01-01T00:00:00\.000Z\)/,
    );
    assert.match(
      thrown(() => compileExpression(() => Number.NaN).evaluate({})),
      /NaN/,
    );
    assert.match(
      thrown(() => compileExpression(() => ({ a: { b: [1, () => 1] } })).evaluate({})),
      /its `a\.b\[1\]` is a function/,
    );
    assert.match(
      thrown(() =>
        compileExpression(function price() {
          throw new TypeError("no price");
        }).evaluate({}),
      ),
      /`price`: it throws TypeError: no price/,
    );
    await assert.rejects(
      async () => compileExpression(async () => Promise.reject(new Error("later"))).evaluate({}),
      /it throws Error: later/,
    );
  });

  test("they count as using every binding", () => {
    assert.deepEqual([...compileExpression(() => 1).uses].sort(), ["id", "key", "source"]);
  });
});
