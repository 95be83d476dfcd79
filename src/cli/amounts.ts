/** Numbers and times as people read them. The same everywhere, whatever the machine's locale, so that outputs can be compared. */

/** `12,345` */
export const count = (number: number): string => String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, ",");

/** `1 record`, `12,345 records` */
export const counted = (number: number, one: string, many = `${one}s`): string =>
  `${count(number)} ${number === 1 ? one : many}`;

/** `812 bytes`, `3.2 kB`, `45 MB` */
export function byteCount(bytes: number): string {
  if (bytes < 1_000) return counted(bytes, "byte");
  const [size, unit] =
    bytes < 1_000_000 ? [bytes / 1_000, "kB"] : bytes < 1e9 ? [bytes / 1e6, "MB"] : [bytes / 1e9, "GB"];
  return `${size < 10 ? size.toFixed(1) : count(size)} ${unit}`;
}

/** `240 ms`, `3.2 s`, `2 min 5 s`, `1 h 3 min`, `2 d 4 h` */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  return parts(Math.round(ms / 1_000));
}

/** A time still to wait, in whole seconds: `12 s`, `2 min 5 s`. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  return seconds < 60 ? `${seconds} s` : parts(seconds);
}

function parts(seconds: number): string {
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3_600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (days > 0) return two(`${days} d`, hours, "h");
  if (hours > 0) return two(`${hours} h`, minutes, "min");
  return two(`${minutes} min`, seconds % 60, "s");
}

const two = (first: string, second: number, unit: string): string =>
  second === 0 ? first : `${first} ${second} ${unit}`;

/** `388/s`, `3.4/s`; undefined when there is nothing to measure. */
export function rate(number: number, ms: number): string | undefined {
  if (number === 0 || ms <= 0) return undefined;
  const perSecond = (number / ms) * 1_000;
  return perSecond < 10 ? `${perSecond.toFixed(1)}/s` : `${count(perSecond)}/s`;
}

/** A moment as UTC: `2026-11-24 05:10:00Z`. */
export const moment = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 19).replace("T", " ")}Z`;

/** How long ago a moment was, roughly: `just now`, `5 min ago`, `3 d ago`. */
export function ago(atMs: number, nowMs: number): string {
  const seconds = Math.floor((nowMs - atMs) / 1_000);
  if (seconds < 10) return "just now";
  for (const [unit, length] of [
    ["d", 86_400],
    ["h", 3_600],
    ["min", 60],
  ] as const) {
    if (seconds >= length) return `${count(Math.floor(seconds / length))} ${unit} ago`;
  }
  return `${seconds} s ago`;
}
