import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import jsonata from "jsonata";
import { exactNumber, type Json } from "../core/json.ts";
import { compileExpression } from "./expression.ts";
import { withoutExactNumbers } from "./exact-number.ts";

const NAMES = ["a", "b", "c"];

/** Values as records have them: mostly scalars, some objects, few lists. */
const value = fc.letrec<{ node: Json }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    { weight: 3, arbitrary: fc.constantFrom<Json>("", "x", "12", "-1.5", " a  b ", "Größe", "😀x", "0x1f", "true") },
    {
      weight: 3,
      arbitrary: fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ noNaN: true, noDefaultInfinity: true })),
    },
    { weight: 1, arbitrary: fc.constantFrom<Json>(true, false, null, 2.5, 3.5, 0.1, 1e21, -0.5) },
    { weight: 1, arbitrary: fc.constantFrom<Json>(exactNumber("1.10"), exactNumber("9007199254740993")) },
    { weight: 2, arbitrary: fc.dictionary(fc.constantFrom(...NAMES), tie("node"), { noNullPrototype: true }) },
    { weight: 1, arbitrary: fc.array(tie("node"), { maxLength: 2 }) },
  ),
})).node;

const path = fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }).map((names) => names.join("."));

/** Expressions of everything that is compiled, in any combination. */
const expression = fc.letrec<{ node: string }>((tie) => {
  const call = (name: string, ...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
    fc.tuple(...parts).map((args) => `$${name}(${args.join(", ")})`);
  const node = tie("node");
  const number = fc.constantFrom("0", "1", "2", "-1", "3", "0.5");
  const text = fc.constantFrom("'x'", "' '", "'a'", "''");
  return {
    node: fc.oneof(
      { maxDepth: 4 },
      { weight: 4, arbitrary: path },
      { weight: 1, arbitrary: fc.constantFrom("$", "$$.a", "$.b.c", "$key", "$source.a", "$source.b.c") },
      { weight: 2, arbitrary: fc.oneof(number, text, fc.constantFrom("true", "false", "null")) },
      {
        weight: 5,
        arbitrary: fc
          .tuple(
            node,
            fc.constantFrom("+", "-", "*", "/", "%", "&", "=", "!=", "<", "<=", ">", ">=", "and", "or"),
            node,
          )
          .map(([left, operator, right]) => `${plainly(left)} ${operator} ${plainly(right)}`),
      },
      {
        weight: 2,
        arbitrary: fc.tuple(node, node, node).map(([a, b, c]) => `${plainly(a)} ? ${plainly(b)} : ${plainly(c)}`),
      },
      { weight: 1, arbitrary: fc.tuple(node, node).map(([a, b]) => `${plainly(a)} ? ${plainly(b)}`) },
      { weight: 1, arbitrary: path.map((operand) => `-${operand}`) },
      {
        weight: 5,
        arbitrary: fc.oneof(
          ...["string", "uppercase", "lowercase", "trim", "length", "number", "round", "floor", "ceil", "abs"].map(
            (name) => call(name, node),
          ),
          ...["not", "boolean", "exists"].map((name) => call(name, node)),
          call("round", node, number),
          call("substring", node, number),
          call("substring", node, number, number),
          ...["substringBefore", "substringAfter", "contains"].map((name) => call(name, node, text)),
          call("contains", node, node),
        ),
      },
    ),
  };
}).node;

/** In brackets, unless it is one word. */
const plainly = (text: string): string => (/^[\w.$']+$/.test(text) ? text : `(${text})`);

type Outcome = { readonly value: Json | undefined } | { readonly failed: true };

async function outcomeOf(evaluate: () => unknown): Promise<Outcome> {
  try {
    return { value: (await evaluate()) as Json | undefined };
  } catch {
    return { failed: true };
  }
}

/** Without the marks that the library leaves on its lists. */
const asJson = (outcome: Outcome): unknown => JSON.parse(JSON.stringify(outcome));

/** Not JSON: what we refuse and the library does not. */
const isJson = (found: Outcome): boolean =>
  "failed" in found || typeof found.value !== "number" || Number.isFinite(found.value);

suite("expressions that are compiled into closures", () => {
  test("they give exactly what the library gives, value or failure, whatever they are put together from", async () => {
    let compiled = 0;
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(expression, value, value, async (text, input, source) => {
        const bindings = { key: "k", source };
        const ours = compileExpression(text);
        const found = await outcomeOf(() => {
          const result = ours.evaluate(input, bindings);
          runs += 1;
          if (!(result instanceof Promise)) compiled += 1;
          return result;
        });
        if (ours.path !== undefined || /^[\w.$]+$/.test(text)) return;
        const expected = await outcomeOf(() =>
          jsonata(text).evaluate(withoutExactNumbers(input), { key: "k", source: withoutExactNumbers(source) }),
        );
        if (isJson(expected)) assert.deepEqual(asJson(found), asJson(expected), text);
      }),
      { numRuns: 4_000 },
    );
    assert.ok(compiled > runs / 3, `${compiled} of ${runs} were evaluated at once`);
  });

  test("$round gives exactly what the library gives, at ties and beside them", async () => {
    const decimal = fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 9 }));
    const near = fc.constantFrom(0, 1e-12, -1e-12, 1e-5, -1e-5);
    const number = fc.oneof(
      decimal.map(([digits, places]) => Number(`${digits}e-${places}`)),
      // Ties of each number of places.
      fc.tuple(decimal, near).map(([[digits, places], off]) => Number(`${digits}5e-${places}`) + off),
      fc.double({ min: -1e15, max: 1e15, noNaN: true }),
    );
    await fc.assert(
      fc.asyncProperty(number, fc.integer({ min: -2, max: 12 }), async (a, places) => {
        const text = `$round(a, ${places})`;
        const [found, expected] = [
          await compileExpression(text).evaluate({ a }),
          (await jsonata(text).evaluate({ a })) as number,
        ];
        assert.equal(found, expected, `${text} of ${a}`);
      }),
      { numRuns: 3_000 },
    );
  });

  test("what they evaluate at once", () => {
    const input = { name: " Ada  L ", price: 12.345, status: "on", deleted_at: null, n: { m: "7" } };
    for (const [text, result] of [
      ["$round(price * 100)", 1234],
      ["$uppercase($trim(name))", "ADA L"],
      ["status = 'on' ? 'active' : 'off'", "active"],
      ["deleted_at != null", false],
      ["$number(n.m) + 1", 8],
      ["name & '/' & $string(price)", " Ada  L /12.345"],
      ["$exists(missing) or price > 10 and status != 'x'", true],
      ["-price", -12.345],
      ["missing * 2", undefined],
      ["$key & '-' & $source.price", "k-12.345"],
    ] as const) {
      const value = compileExpression(text).evaluate(input, { key: "k", source: input });
      assert.ok(!(value instanceof Promise), text);
      assert.equal(value, result, text);
    }
  });
});
