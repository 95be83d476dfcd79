/** Worlds that break a promise with a defect that the engine once had, each with what it was. They are played in every test run. */
export const SEEDS: readonly (readonly [seed: number, was: string])[] = [
  [35, "an absence was believed before what landed at the last moment could be seen"],
  [146, "a create that an earlier run had parked was sent without becoming an intent again, and a crash doubled it"],
  [181, "a record that exists and is not shown yet was taken for one that is refused"],
];
