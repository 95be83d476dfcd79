import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { compareCursors, CURSOR_LENGTH_MAX, notAfter, parseCursor, readCursor, subtractFromCursor } from "./cursor.ts";
import type { CursorType } from "./sync.ts";

/** An instant of any precision and how a source could write it, with the instant in units of 10^-30 s for comparison. */
interface Written {
  readonly text: string;
  readonly instant: bigint;
  /** Units between two neighbours of the format. */
  readonly step: bigint;
}

const UNITS_PER_SECOND = 10n ** 30n;
const UNITS_PER_MS = 10n ** 27n;

const pad = (value: number, length = 2): string => String(value).padStart(length, "0");

/** Writes a time of its own making with a `Date` in ms; exact, because it knows the digits it started from. */
const written: fc.Arbitrary<Written> = fc
  .record({
    epochSeconds: fc.integer({ min: -62_135_000_000, max: 253_402_000_000 }),
    digits: fc.stringMatching(/^\d{0,12}$/),
    separator: fc.constantFrom("T", "t", " "),
    point: fc.constantFrom(".", ","),
    zoneMinutes: fc.integer({ min: -14 * 60, max: 14 * 60 }),
    zoneForm: fc.constantFrom("Z", "z", "", " UTC", "+hh:mm", "+hhmm", " +hhmm", "+hh"),
    precision: fc.constantFrom("seconds", "minutes", "days"),
  })
  .map(({ epochSeconds, digits, separator, point, zoneMinutes, zoneForm, precision }) => {
    const isOffset = zoneForm.includes("h");
    const minutes =
      !isOffset || precision === "days" ? 0 : zoneForm === "+hh" ? Math.trunc(zoneMinutes / 60) * 60 : zoneMinutes;
    const zone = isOffset
      ? zoneForm
          .replace("+", minutes < 0 ? "-" : "+")
          .replace("hh", pad(Math.floor(Math.abs(minutes) / 60)))
          .replace("mm", pad(Math.abs(minutes) % 60))
      : zoneForm;
    const local = new Date((epochSeconds + minutes * 60) * 1_000);
    const date = `${pad(local.getUTCFullYear(), 4)}-${pad(local.getUTCMonth() + 1)}-${pad(local.getUTCDate())}`;
    const secondsOfDay = ((epochSeconds % 86_400) + 86_400) % 86_400;
    if (precision === "days")
      return {
        text: date,
        instant: BigInt(epochSeconds - secondsOfDay) * UNITS_PER_SECOND,
        step: 86_400n * UNITS_PER_SECOND,
      };
    const time = `${pad(local.getUTCHours())}:${pad(local.getUTCMinutes())}`;
    const ofMinute = ((epochSeconds % 60) + 60) % 60;
    if (precision === "minutes")
      return {
        text: `${date}${separator}${time}${zone}`,
        instant: BigInt(epochSeconds - ofMinute) * UNITS_PER_SECOND,
        step: 60n * UNITS_PER_SECOND,
      };
    return {
      text: `${date}${separator}${time}:${pad(ofMinute)}${digits === "" ? "" : point + digits}${zone}`,
      instant: BigInt(epochSeconds) * UNITS_PER_SECOND + BigInt(digits.padEnd(30, "0")),
      step: 10n ** BigInt(30 - digits.length),
    };
  });

const sign = (value: number | bigint): number => (value < 0 ? -1 : value > 0 ? 1 : 0);

/** A text with digits replaced: equal shapes mean the same format and zone. */
const shapeOf = (text: string): string => {
  const [head = "", zone = ""] = text.split(/(?=[Zz]$|(?<=:\d\d.*)[ +-])/u, 2);
  return head.replaceAll(/\d/g, "9") + zone;
};

suite("timestamps", () => {
  test("P1: compare by instant, whatever their zone, separator and number of digits", () => {
    fc.assert(
      fc.property(written, written, (a, b) => {
        assert.equal(sign(compareCursors("timestamp", a.text, b.text)), sign(a.instant - b.instant));
      }),
      { numRuns: 2_000 },
    );
  });

  test("P1: neighbours of the last digit are told apart", () => {
    const pairs: [string, string, number][] = [
      ["2026-03-01T12:00:00Z", "2026-03-01T14:00:00+02:00", 0],
      ["2026-03-01T12:00:00.1Z", "2026-03-01T12:00:00.100000Z", 0],
      ["2026-03-01T12:00:00.000001Z", "2026-03-01T12:00:00.000002Z", -1],
      ["2026-03-01T12:00:00.000000002Z", "2026-03-01T12:00:00.000000001Z", 1],
      ["2026-03-01T12:00:00.1234567890123456789012Z", "2026-03-01T12:00:00.1234567890123456789011Z", 1],
      ["2026-03-01 12:00:00", "2026-03-01T12:00:00Z", 0],
      ["2026-03-01 12:00:00 UTC", "2026-03-01T12:00:00Z", 0],
      ["2026-03-01 12:00:00.5+00", "2026-03-01T12:00:00,5Z", 0],
      ["2026-03-01", "2026-03-01T00:00:01Z", -1],
      ["1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.4Z", 1],
      ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", -1],
      ["0001-01-01T00:00:00Z", "0000-12-31T23:59:59Z", 1],
      ["2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", 0],
    ];
    for (const [a, b, order] of pairs) {
      assert.equal(sign(compareCursors("timestamp", a, b)), order, `${a} ${b}`);
      assert.equal(sign(compareCursors("timestamp", b, a)) + order, 0, `${b} ${a}`);
    }
  });

  test("P1: subtracting is exact, in the source's own format and zone", () => {
    fc.assert(
      fc.property(written, fc.integer({ min: 1, max: 1e12 }), ({ text, instant, step }, amountMs) => {
        const result = subtractFromCursor("timestamp", text, amountMs);
        assert.equal(shapeOf(result), shapeOf(text));
        if (result.startsWith("0000")) return;
        const wanted = instant - BigInt(amountMs) * UNITS_PER_MS;
        const got = instantOf(result);
        assert.ok(got <= wanted && wanted - got < step, `${text} less ${amountMs} ms gives ${result}`);
      }),
      { numRuns: 2_000 },
    );
  });

  test("P1: subtracting keeps format and zone: examples", () => {
    const cases: [string, number, string][] = [
      ["2026-03-01T12:00:00Z", 120_000, "2026-03-01T11:58:00Z"],
      ["2026-03-01T01:00:00.123456+02:00", 3_600_000, "2026-03-01T00:00:00.123456+02:00"],
      ["2026-03-01T12:00:00.123456789Z", 1, "2026-03-01T12:00:00.122456789Z"],
      ["2026-03-01 00:00:01", 2_000, "2026-02-28 23:59:59"],
      ["2026-03-01T00:00:00.000001Z", 1, "2026-02-28T23:59:59.999001Z"],
      ["2026-03-01T12:00:00+0530", 1_000, "2026-03-01T11:59:59+0530"],
      ["2026-03-01 12:00:00 -0800", 1_000, "2026-03-01 11:59:59 -0800"],
      ["2026-03-01 12:00:00 UTC", 1_000, "2026-03-01 11:59:59 UTC"],
      ["2026-03-01T12:00:00,50Z", 10, "2026-03-01T12:00:00,49Z"],
      ["2026-03-01", 1, "2026-02-28"],
      ["2024-03-01", 86_400_000, "2024-02-29"],
      ["2026-03-01T12:00Z", 1_000, "2026-03-01T11:59Z"],
      ["1970-01-01T00:00:00.5Z", 1_000, "1969-12-31T23:59:59.5Z"],
      ["0001-01-01T00:00:00Z", 120_000, "0000-12-31T23:58:00Z"],
      ["0000-01-01T00:00:00.9Z", 120_000, "0000-01-01T00:00:00.0Z"],
      ["2026-03-01T12:00:00.9Z", 0, "2026-03-01T12:00:00.9Z"],
      ["2026-03-01T12:00:00.000Z", 0.5, "2026-03-01T11:59:59.999Z"],
    ];
    for (const [text, amount, expected] of cases)
      assert.equal(subtractFromCursor("timestamp", text, amount), expected, text);
  });

  test("P3: one past the limit is cut to it in its own format, one before it stays as it was written", () => {
    fc.assert(
      fc.property(written, fc.integer({ min: 0, max: 4e12 }), ({ text, instant, step }, epochMs) => {
        const limit = BigInt(epochMs) * UNITS_PER_MS;
        const result = notAfter("timestamp", text, epochMs);
        if (instant <= limit) return assert.equal(result, text);
        assert.equal(shapeOf(result), shapeOf(text));
        const got = instantOf(result);
        assert.ok(got <= limit && limit - got < step, `${text} cut to ${epochMs} gives ${result}`);
      }),
      { numRuns: 2_000 },
    );
  });

  test("P3: cutting: examples", () => {
    const limit = Date.UTC(2026, 2, 1, 12, 0, 0, 250);
    assert.equal(notAfter("timestamp", "2026-03-01T13:00:00.123+02:00", limit), "2026-03-01T13:00:00.123+02:00");
    assert.equal(notAfter("timestamp", "2026-03-01T14:00:00.250+02:00", limit), "2026-03-01T14:00:00.250+02:00");
    assert.equal(
      notAfter("timestamp", "2026-03-01T14:00:00.2500001+02:00", limit),
      "2026-03-01T14:00:00.2500000+02:00",
    );
    assert.equal(notAfter("timestamp", "9999-12-31T23:59:59Z", limit), "2026-03-01T12:00:00Z");
    assert.equal(notAfter("timestamp", "2026-03-02", limit), "2026-03-01");
    assert.equal(notAfter("timestamp", "2026-03-01T12:00:00.250Z", -1.5), "1969-12-31T23:59:59.998Z");
    assert.equal(notAfter("integer", "5", limit), "5");
    assert.equal(notAfter("text", "zzz", limit), "zzz");
  });

  test("what is no timestamp is refused, with the reason", () => {
    const cases: [string, RegExp][] = [
      ["", /no timestamp such as/],
      ["yesterday", /no timestamp such as/],
      ["1709294400", /a number.*`cursor.type: integer`/],
      ["1709294400.123", /a number/],
      ["2026-02-30", /a day that does not exist/],
      ["2026-02-30T10:00:60Z", /a day that does not exist/],
      ["2025-02-29", /a day that does not exist/],
      ["2026-13-01", /a day that does not exist/],
      ["2026-00-01", /a day that does not exist/],
      ["2026-01-00", /a day that does not exist/],
      ["2026-03-01T24:00:00Z", /a time of day/],
      ["2026-03-01T12:60:00Z", /a time of day/],
      ["2026-03-01T12:00:61Z", /a time of day/],
      ["2026-03-01T12:00:00+24:00", /a time zone/],
      ["2026-03-01T12:00:00+01:60", /a time zone/],
      ["2026-03-01T12:00:00.Z", /no timestamp/],
      ["2026-03-01T12:00:00Z\n", /no timestamp/],
      ["02026-03-01", /no timestamp/],
    ];
    for (const [text, reason] of cases) assert.match(reasonOf("timestamp", text), reason, text);
  });
});

suite("integers", () => {
  test("P1: exact at any length", () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt(), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (a, b, amount) => {
        assert.equal(sign(compareCursors("integer", String(a), String(b))), sign(a - b));
        assert.equal(subtractFromCursor("integer", String(a), amount), String(a - BigInt(amount)));
      }),
    );
    assert.equal(subtractFromCursor("integer", "9007199254740993", 1), "9007199254740992");
    assert.ok(compareCursors("integer", "99", "100") < 0);
    assert.ok(compareCursors("integer", "9".repeat(1_000), `1${"0".repeat(1_000)}`) < 0);
  });

  test("P1: a number padded with zeros keeps its length", () => {
    assert.equal(subtractFromCursor("integer", "0000100", 1), "0000099");
    assert.equal(subtractFromCursor("integer", "100", 1), "99");
    assert.equal(subtractFromCursor("integer", "0", 1), "-1");
    assert.equal(compareCursors("integer", "007", "7"), 0);
  });

  test("what is no whole number is refused, with the reason", () => {
    for (const text of ["", "1.5", "1e3", "abc", "+5", " 5", "0x10", "--1"])
      assert.match(reasonOf("integer", text), /whole number/, text);
  });
});

suite("text", () => {
  test("P1: kept and compared as it stands; nothing is subtracted from it", () => {
    assert.ok(compareCursors("text", "01HZ", "01J0") < 0);
    assert.equal(subtractFromCursor("text", "2026-03-01", 5_000), "2026-03-01");
    assert.match(reasonOf("text", "a\ud800"), /lone surrogate/);
  });
});

test("P1: longer values than any position are refused, whatever their type", () => {
  const long = "1".repeat(CURSOR_LENGTH_MAX + 1);
  for (const type of ["timestamp", "integer", "text"] as const) assert.match(reasonOf(type, long), /longer than 1024/);
  assert.ok(parseCursor("integer", long.slice(1)) !== undefined);
});

test("comparing is an order of all texts, of the type or not", () => {
  const any = fc.oneof(
    written.map(({ text }) => text),
    fc.constantFrom("", "x", "2026-99-99"),
    fc.string(),
  );
  for (const type of ["timestamp", "integer", "text"] as const) {
    fc.assert(
      fc.property(fc.tuple(any, any, any), ([a, b, c]) => {
        const [ab, bc, ac] = [compareCursors(type, a, b), compareCursors(type, b, c), compareCursors(type, a, c)];
        assert.equal(sign(ab) + sign(compareCursors(type, b, a)), 0);
        if (ab <= 0 && bc <= 0) assert.ok(ac <= 0, `${a} ${b} ${c}`);
      }),
    );
  }
});

function reasonOf(type: CursorType, text: string): string {
  const reading = readCursor(type, text);
  assert.ok(!reading.ok, `${text} was expected to be refused`);
  assert.equal(parseCursor(type, text), undefined);
  return reading.reason;
}

/** Reads back what was written, without the code under test: by the platform's own parser, and the fraction by its digits. */
function instantOf(text: string): bigint {
  const [, day = "", time = "00:00", second = "00", fraction = "", zone = ""] =
    /^([\d-]{10})(?:[Tt ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?(.*))?$/.exec(text) ?? [];
  const offset = /([+-]\d\d):?(\d\d)?/.exec(zone);
  const iso = `${day}T${time}:${second}${offset === null ? "Z" : `${offset[1]}:${offset[2] ?? "00"}`}`;
  return BigInt(Date.parse(iso)) * UNITS_PER_MS + BigInt(fraction.padEnd(30, "0"));
}
