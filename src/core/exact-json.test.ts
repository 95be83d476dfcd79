import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { parseExact } from "./exact-json.ts";
import { isExactNumber } from "./json.ts";

/** Parsed and written again; what JSON has between its tokens is gone. */
const again = (text: string): string => JSON.stringify(parseExact(text));

const digits = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.integer({ min: 0, max: 9 }).map(String), minLength, maxLength });
const whole = (maxLength: number): fc.Arbitrary<string> => digits(1, maxLength).map((text) => String(BigInt(text)));

/** Any number that JSON can write, with parts of at most these lengths. */
const numberText = (wholeMax: number, fractionMax: number): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom("", "-"),
      whole(wholeMax),
      fc.option(digits(1, fractionMax)),
      fc.option(fc.tuple(fc.constantFrom("e", "E"), fc.constantFrom("", "+", "-"), digits(1, 3)), { freq: 4 }),
    )
    .map(([sign, integer, fraction, exponent]) =>
      [sign, integer, fraction === null ? "" : `.${fraction}`, ...(exponent ?? [])].join(""),
    );

suite("parseExact", () => {
  test("S5: numbers that a double would change keep their text", () => {
    const texts = [
      "9007199254740993",
      "-9007199254740993.10",
      "12345678901234567890",
      "9999999999.999999",
      "98765432109.12345",
      "0.1000000000000000055511151231257827",
      "1.10",
      "1.0",
      "-0",
      "-0.0",
      "0.0000001",
      "1e2",
      "1E400",
      "1e-07",
      "100e+2",
    ];
    for (const text of texts) {
      assert.ok(isExactNumber(parseExact(text)), text);
      for (const json of [text, `[${text}]`, `{"n":${text}}`, `{"n":${text},"list":[1,${text},"x"]}`])
        assert.equal(again(json), json);
      assert.equal(again(`{ "n" : ${text}\n, "list" :\t[${text} ] }`), `{"n":${text},"list":[${text}]}`);
    }
  });

  test("S5: whatever number a text holds, long or short, writing it again gives the same text", () => {
    const number = fc.oneof(numberText(26, 26), numberText(3, 4), numberText(12, 9));
    const place = fc.constantFrom("#", "[#]", "[1, #]", '{"n":#}', '{"n": #, "m":"x"}', "[ # ]", "[\n#\n]");
    fc.assert(
      fc.property(number, place, (text, json) => {
        const compact = json.replace("#", text).replace(/\s/g, "");
        assert.equal(again(json.replace("#", text)), compact);
      }),
      { numRuns: 5_000 },
    );
  });

  test("S5: a long integer keeps its digits wherever in the text it stands", () => {
    for (let before = 0; before < 40; before++) {
      const text = (digits: string): string => `["${"x".repeat(before)}",${digits}]`;
      for (const digits of ["9007199254740993", "12345678901234567", "-9007199254740993"])
        assert.equal(again(text(digits)), text(digits));
      assert.equal((parseExact(text("900719925474099")) as unknown[])[1], 900_719_925_474_099);
    }
  });

  test("S5: numbers that a double gives back stay numbers", () => {
    for (const text of ["0", "-1", "24.95", "123456789012345", "-250", "0.000001", "1234567.12345", "100", "-10.05"]) {
      assert.equal(parseExact(text), Number(text));
      // Beside a number that is not, in the same text.
      assert.deepEqual((parseExact(`[${text},1.0]`) as unknown[])[0], Number(text));
    }
  });

  test("everything else is as JSON.parse has it", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        assert.deepEqual(JSON.parse(JSON.stringify(parseExact(text))), JSON.parse(text));
      }),
    );
  });

  test("strings that look like numbers stay strings", () => {
    fc.assert(
      fc.property(numberText(20, 10), (text) => {
        assert.deepEqual(parseExact(JSON.stringify({ a: text, b: ` ${text}, `, [text]: 1 })), {
          a: text,
          b: ` ${text}, `,
          [text]: 1,
        });
      }),
    );
  });

  test("S5: __proto__ is a member and reaches no prototype, on both ways", () => {
    for (const n of ["1", "1.10"]) {
      const parsed = parseExact(`{"__proto__":{"admin":true},"n":${n}}`) as Record<string, unknown>;
      assert.ok(Object.hasOwn(parsed, "__proto__"));
      assert.equal(parsed["admin"], undefined);
      assert.equal(Object.getPrototypeOf(parsed), Object.prototype);
    }
  });

  test("what is not JSON is a SyntaxError, on both ways", () => {
    for (const text of ["", "{", "[1,]", "1.", "01", "NaN", "1.10 x", '{"a":9007199254740993', "<html>"]) {
      assert.throws(() => parseExact(text), SyntaxError, text);
    }
  });
});
