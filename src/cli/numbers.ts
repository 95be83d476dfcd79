/** With thousands separated: 12,345. */
export const count = (value: number): string => value.toLocaleString("en-US");

export const plural = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${Math.round(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const time = (ms: number | undefined): string =>
  ms === undefined ? "never" : new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
