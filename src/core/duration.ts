/** A text that was read as a value, or why it cannot be, in words that propose what to write. */
export type Reading<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly reason: string };

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Nothing in a sync waits or looks back longer than this; beyond it, a unit was mistaken. */
const DURATION_DAYS_MAX = 3_660;

const DURATION = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/;

/**
 * Reads a duration such as `500ms`, `2s`, `1.5m`, `24h` or `7d` as milliseconds.
 * A number without a unit is refused, because half of its readers would take it for seconds.
 */
export function parseDuration(text: string): Reading<number> {
  const [, digits, unit] = DURATION.exec(text.trim()) ?? [];
  if (digits === undefined || unit === undefined)
    return refused(`\`${text}\` is not a duration: write one such as 500ms, 2s, 5m, 24h or 7d`);
  if (unit === "")
    return refused(`\`${text}\` has no unit: write \`${digits}s\` for seconds or \`${digits}ms\` for milliseconds`);
  const unitMs = Object.hasOwn(UNIT_MS, unit) ? UNIT_MS[unit] : undefined;
  if (unitMs === undefined) return refused(`\`${unit}\` is not a unit of time: use ms, s, m, h or d`);
  const ms = Math.round(Number(digits) * unitMs);
  if (ms === 0 && Number(digits) > 0) return refused(`\`${text}\` is less than a millisecond`);
  if (ms > DURATION_DAYS_MAX * 86_400_000) return refused(`\`${text}\` is longer than ${DURATION_DAYS_MAX} days`);
  return { ok: true, value: ms };
}

/** The shortest exact text of a duration in ms, such as `90s` or `24h`; {@link parseDuration} reads it back. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  for (const unit of ["d", "h", "m", "s"]) {
    const unitMs = UNIT_MS[unit] as number;
    if (ms % unitMs === 0) return `${ms / unitMs}${unit}`;
  }
  return `${ms}ms`;
}

const refused = (reason: string): Reading<never> => ({ ok: false, reason });
