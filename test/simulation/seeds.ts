/** Worlds that once broke a promise, each with what was wrong. They are played in every test run. */
export const SEEDS: readonly (readonly [seed: number, was: string])[] = [];
