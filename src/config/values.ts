import type { z } from "zod";
import { parseBytes } from "../core/bytes.ts";
import { parseDuration, type Reading } from "../core/duration.ts";
import { parseRate } from "../core/rate.ts";
import { found, leaf, type LeafReading } from "./leaf.ts";
import { namesOf, nearest } from "./nearest.ts";
import type { Substitute } from "./secrets.ts";

interface NumberLimits {
  readonly min: number;
  readonly max: number;
}

/** Plain values of a config, in which `${NAME}` is replaced before they are read. */
export interface Values {
  readonly text: z.ZodType<string>;
  /** A text of `auth` or `headers`: what came into it from `${}` is a secret. */
  readonly secret: z.ZodType<string>;
  /** Milliseconds. */
  readonly duration: z.ZodType<number>;
  /** Requests per second. */
  readonly rate: z.ZodType<number>;
  /** A secret that may have several lines, such as a key as PEM. */
  readonly key: z.ZodType<string>;
  readonly bytes: z.ZodType<number>;
  readonly flag: z.ZodType<boolean>;
  readonly headerName: z.ZodType<string>;
  readonly headerValue: z.ZodType<string>;
  /** An absolute HTTP address without query, fragment and credentials; without a slash at its end. */
  readonly baseUrl: z.ZodType<string>;
  integer(limits: NumberLimits): z.ZodType<number>;
  choice<Name extends string>(names: readonly Name[], later?: readonly string[]): z.ZodType<Name>;
}

export function createValues(substitute: Substitute): Values {
  /** A text with its `${}` replaced, read further. */
  const textLeaf = <Value>(
    meta: Readonly<Record<string, unknown>>,
    secret: boolean,
    read: (text: string) => LeafReading<Value>,
  ): z.ZodType<Value> =>
    leaf(meta, (raw) => {
      if (typeof raw !== "string" && typeof raw !== "number")
        return { ok: false, reason: `takes a text; ${found(raw)}` };
      const text = substitute(String(raw), secret);
      if (!text.ok) return { ...text, code: "CONFIG_SECRET_MISSING" };
      return text.value === "" ? { ok: false, reason: "is empty" } : read(text.value);
    });
  const quantity = (kind: string, read: (text: string) => Reading<number>, pattern: string): z.ZodType<number> =>
    textLeaf({ type: "string", pattern, "x-kind": kind }, false, (text) => {
      const reading = read(text);
      return reading.ok ? reading : { ok: false, reason: `is not readable: ${reading.reason}` };
    });
  const asIs = (text: string): LeafReading<string> => ({ ok: true, value: text });
  const UNIT = "^(\\d+(\\.\\d+)?\\s*";

  return {
    text: textLeaf({ type: "string" }, false, asIs),
    secret: textLeaf({ type: "string" }, true, (text) =>
      /[\r\n\0]/.test(text)
        ? { ok: false, reason: "has a line break, which no header can carry" }
        : { ok: true, value: text },
    ),
    key: textLeaf({ type: "string" }, true, asIs),
    duration: quantity("duration", parseDuration, `${UNIT}(ms|s|m|min|h|d)|.*\\$\\{.*)$`),
    rate: quantity("rate", parseRate, `${UNIT}/\\s*(s|m|min|h|d)|.*\\$\\{.*)$`),
    bytes: quantity("size", parseBytes, `${UNIT}([kKMG]i?)?B|.*\\$\\{.*)$`),
    flag: leaf({ type: "boolean" }, (raw) => {
      if (typeof raw === "boolean") return { ok: true, value: raw };
      const text = typeof raw === "string" ? substitute(raw, false) : undefined;
      if (text?.ok === false) return { ...text, code: "CONFIG_SECRET_MISSING" };
      if (text?.value === "true" || text?.value === "false") return { ok: true, value: text.value === "true" };
      return { ok: false, reason: `takes \`true\` or \`false\`; ${found(raw)}` };
    }),
    headerName: textLeaf({ type: "string" }, false, headerName),
    headerValue: textLeaf({ type: "string" }, true, (text) =>
      /^[\x20-\x7e\t]*$/.test(text)
        ? { ok: true, value: text }
        : { ok: false, reason: "takes visible ASCII characters only, as headers do" },
    ),
    baseUrl: textLeaf({ type: "string", format: "uri" }, false, baseUrl),
    integer: ({ min, max }) =>
      leaf({ type: "integer", minimum: min, maximum: max }, (raw) => {
        const text = typeof raw === "string" ? substitute(raw, false) : undefined;
        if (text?.ok === false) return { ...text, code: "CONFIG_SECRET_MISSING" };
        const number = text !== undefined && /^-?\d+$/.test(text.value) ? Number(text.value) : raw;
        if (typeof number !== "number" || !Number.isInteger(number))
          return {
            ok: false,
            reason: `takes a whole number; found ${text === undefined ? found(raw).replace("found ", "") : `\`${text.value}\``}`,
          };
        if (number < min || number > max)
          return { ok: false, reason: `takes a number from ${min} to ${max}; found ${number}` };
        return { ok: true, value: number };
      }),
    choice: (names, later = []) =>
      textLeaf({ type: "string", enum: [...names] }, false, (text) => choose(text, names, later)),
  };
}

/** What a problem says of things that are designed but not built. */
export const NOT_YET = "is not supported in this version yet";

function choose<Name extends string>(
  text: string,
  names: readonly Name[],
  later: readonly string[],
): LeafReading<Name> {
  const chosen = names.find((name) => name === text);
  if (chosen !== undefined) return { ok: true, value: chosen };
  if (later.includes(text)) return { ok: false, reason: `\`${text}\` ${NOT_YET}; there is ${namesOf(names)}` };
  const near = nearest(text, names);
  return {
    ok: false,
    reason: `\`${text}\` is not one of ${namesOf(names)}${near === undefined ? "" : `; did you mean \`${near}\`?`}`,
  };
}

/** RFC 9110, 5.1. */
function headerName(text: string): LeafReading<string> {
  if (/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/.test(text)) return { ok: true, value: text };
  return { ok: false, reason: `\`${text}\` is not a header's name` };
}

function baseUrl(text: string): LeafReading<string> {
  const url = httpUrl(text);
  if (url === undefined)
    return { ok: false, reason: `\`${text}\` is not an address: write one such as https://api.example.com/v1` };
  if (url.username !== "" || url.password !== "")
    return { ok: false, reason: "holds credentials: move them to `auth`, where they are kept out of every output" };
  if (url.search !== "" || url.hash !== "")
    return { ok: false, reason: "has a query or fragment: write it in each request" };
  return { ok: true, value: url.href.replace(/\/+$/, "") };
}

function httpUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "https:" || url.protocol === "http:") && url.hostname !== ""
    ? url
    : undefined;
}
