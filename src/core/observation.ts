/** What a probe saw, in words for a person, and what follows for the config. */
export interface Observation {
  readonly about: "paging" | "records" | "mapping" | "key" | "cursor" | "etag" | "limits" | "answer";
  /** `trouble`: as it is declared, a run fails or misses records. `advice`: it may be declared better. */
  readonly weight: "fact" | "advice" | "trouble";
  readonly text: string;
  /** What to change in the config, as a sentence. */
  readonly change?: string;
}

type About = Observation["about"];

export const fact = (about: About, text: string): Observation => ({ about, weight: "fact", text });

export const advice = (about: About, text: string, change: string): Observation => ({
  about,
  weight: "advice",
  text,
  change,
});

export const trouble = (about: About, text: string, change: string): Observation => ({
  about,
  weight: "trouble",
  text,
  change,
});

/** `1 record`, `12 records`. */
export const counted = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;

/** `a`, `a and b`, `a, b and c`. */
export const listed = (parts: readonly string[]): string =>
  parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
