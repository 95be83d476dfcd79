import type { Reading } from "./duration.ts";

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3_600, d: 86_400 };

const RATE = /^(\d+(?:\.\d+)?)\s*(?:\/\s*([A-Za-z]+))?$/;

/**
 * Reads a rate such as `50/s`, `100/min`, `10/h` or `5000/d` as requests per second.
 * A number without a unit is refused, and so is a rate of zero: it would wait for ever.
 */
export function parseRate(text: string): Reading<number> {
  const [, digits, unit] = RATE.exec(text.trim()) ?? [];
  if (digits === undefined) return refused(`\`${text}\` is not a rate: write one such as 50/s, 100/min or 10/h`);
  if (unit === undefined)
    return refused(
      `\`${text}\` has no unit: write \`${digits}/s\` for requests a second or \`${digits}/min\` for requests a minute`,
    );
  const seconds = Object.hasOwn(UNIT_SECONDS, unit) ? UNIT_SECONDS[unit] : undefined;
  if (seconds === undefined) return refused(`\`${unit}\` is not a unit of time for a rate: use s, min, h or d`);
  if (Number(digits) === 0) return refused("a rate of zero would never send anything");
  return { ok: true, value: Number(digits) / seconds };
}

const refused = (reason: string): Reading<never> => ({ ok: false, reason });
