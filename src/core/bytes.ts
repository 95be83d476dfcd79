import type { Reading } from "./duration.ts";

const UNIT_BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1_000,
  mb: 1_000_000,
  gb: 1_000_000_000,
  kib: 1_024,
  mib: 1_048_576,
  gib: 1_073_741_824,
};

const SIZE = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/;

/**
 * Reads a size such as `32MiB` or `1MB` as bytes: KiB, MiB and GiB are powers of 1,024; kB, MB and GB of 1,000.
 * A number without a unit is refused.
 */
export function parseBytes(text: string): Reading<number> {
  const [, digits, unit] = SIZE.exec(text.trim()) ?? [];
  if (digits === undefined || unit === undefined)
    return refused(`\`${text}\` is not a size: write one such as 32MiB, 512KiB or 1MB`);
  if (unit === "")
    return refused(`\`${text}\` has no unit: write \`${digits}B\` for bytes or \`${digits}MiB\` for mebibytes`);
  const factor = Object.hasOwn(UNIT_BYTES, unit.toLowerCase()) ? UNIT_BYTES[unit.toLowerCase()] : undefined;
  if (factor === undefined) return refused(`\`${unit}\` is not a unit of size: use B, KiB, MiB, GiB, kB, MB or GB`);
  return { ok: true, value: Math.round(Number(digits) * factor) };
}

const refused = (reason: string): Reading<never> => ({ ok: false, reason });
