import { USUAL, type Shares } from "./worlds.ts";

/** Worlds of which some delete. */
const ORDINARY: Partial<Shares> = { restless: 0.1, deletes: 0.35 };

/** Worlds that delete, a fifth of them restless. */
const MANY: Partial<Shares> = { restless: 0.2, deletes: 1 };

/** Worlds in which records are only updated. */
const UPDATING: Partial<Shares> = {
  restless: 0.1,
  batches: 0.5,
  partialResults: 0,
  fences: 0.3,
  plans: 0.15,
  overlaps: 0.5,
  updateOnly: 1,
};

/** Worlds of all that there is, with what has a share as it was when repairs had one. */
const REPAIRED: Partial<Shares> = {
  ...ORDINARY,
  adopted: 0.15,
  batches: 0.5,
  partialResults: 0,
  fences: 0.3,
  repairs: 0.15,
  plans: 0.15,
  overlaps: 0.5,
  lapses: 0.5,
  updateOnly: 0.05,
};

/** The same, with records that refer to each other. */
const REFERRING: Partial<Shares> = { ...REPAIRED, refers: 0.3 };

/** Worlds of all that there is, with what has a share as it was when conflicts had one; each may want a version. */
const CONFLICTING: Partial<Shares> = {
  ...REFERRING,
  found: 0.4,
  parents: 0.1,
  fences: 1,
  versions: 0.5,
  fencedBatches: 1,
  conflicts: 1,
};

/**
 * Worlds in which a defect that the engine once had breaks a promise, each with what it was. They are played in every test run. Those without
 * shares of their own are of `toothWorldOf`: the break of the same name in `teeth.ts` puts the defect back, and shows that the world still finds it.
 */
export const SEEDS: readonly (readonly [seed: number, was: string, shares?: Partial<Shares>])[] = [
  [22, "an absence was believed before what landed at the last moment could be seen"],
  [35, "a create that an earlier run had parked was sent without becoming an intent again, and a crash doubled it"],
  [94, "an unsorted cursor without a clock passed records that changed while they were read"],
  [494, "a record that exists and is not shown yet was taken for one that is refused"],
  [502, "what took the place of a left-over write and never left was trusted to be level"],
  [31, "a run whose ledger failed while outcomes were on their way waited for ever"],
  [826, "an older write that was applied cleared the refusal of a newer version, and the run called itself level"],
  [
    200_112,
    "a record that was found overwritten counted as level although its repair was refused",
    { restless: 0.1, deletes: 0 },
  ],
  [1823, "a record that createOnly leaves alone kept the reject of an earlier version for good"],
  [303_518, "a version that waited took the place of a write before that was declared done", ORDINARY],
  [305_435, "that an older write may still land was forgotten with a newer one that was never sent", ORDINARY],
  [
    311_255,
    "a write that may have been sent was forgotten with the one that took its place and was never sent",
    ORDINARY,
  ],
  [312_256, "a record that had gone was sent once more when its reject was tried again, and counted as met", ORDINARY],
  [306_468, "a create under a new id was written again for the sake of a delete of the old one", ORDINARY],
  [286, "what was left of a write whose record had gone was forgotten, and nothing deleted it", MANY],
  [5315, "a create that was refused because it exists was forgotten when the run stopped, and was its own", MANY],
  [5189, "a delete that takes fields of the record was made of a record that nobody knew any more", MANY],
  [1_000_889, "what a mark still showed of a record was forgotten when its delete was refused", ORDINARY],
  [
    1_006_914,
    "that its own attempt may still land was forgotten for the sake of an older write that may",
    { ...ORDINARY, adopted: 0.15 },
  ],
  [
    583,
    "a create that was refused was sent from memory although its record had gone",
    { batches: 0, fences: 1, adopted: 0.15 },
  ],
  [
    190,
    "a record just created, which a search did not show yet, counted as deleted",
    { batches: 0, fences: 1, adopted: 0.15 },
  ],
  [20, "an update that took the place of a look-up kept no bytes, and a crash lost it", { ...ORDINARY, adopted: 1 }],
  [
    4_004_564,
    "a write whose version had only to be learned counted as refused when the run was told to stop",
    { ...ORDINARY, adopted: 0.15, batches: 0.5, fences: 0.3 },
  ],
  [
    5_000_067,
    "that an attempt may still land was forgotten when the record was looked at for its version, and it came back after its delete",
    { ...ORDINARY, adopted: 0.15, batches: 0.5, fences: 0.3 },
  ],
  [
    7_006_377,
    "a refusal stood although the version that waited behind it was level already, and was tried again for ever",
    { ...ORDINARY, adopted: 0.15, batches: 0.5, fences: 0.3 },
  ],
  [
    14,
    "a repair left alone what was missing where records are only created, and called itself level",
    { ...ORDINARY, adopted: 0.15, batches: 0.5, fences: 0.3, repairs: 1 },
  ],
  [
    68,
    "a run of a plan whose writes were in doubt called itself level",
    { ...ORDINARY, adopted: 0.15, batches: 0.5, fences: 0.3, repairs: 0.2, plans: 1 },
  ],
  [
    67,
    "what a run of a plan was told of waiting was forgotten when it was refused",
    { ...ORDINARY, restless: 1, adopted: 0.15, batches: 0.5, fences: 0.3, repairs: 0.15, plans: 0.15 },
  ],
  [583, "a repair left what was missing alone, since an update of it had been refused after it had gone", REPAIRED],
  [690, "the same, of a write that a run had left in doubt", REPAIRED],
  [4, "an update of what is only updated waited for ever where nobody can look whether it is there", UPDATING],
  [11, "a write that a crash left behind created what is only updated", UPDATING],
  [13, "a write that was put by created what is only updated, though nobody had looked whether it is there", UPDATING],
  [20_002_211, "what a repair that was broken off had found missing was left alone by the next one", REFERRING],
  [568, "a page that was asked for ahead went on being asked for when its read had failed", REFERRING],
  [30_000_073, "a pause that a second answer made a little longer was forgotten with the process", REFERRING],
  [30_004_949, "a write in doubt waited for its turn until its key had run out, and was sent all the same", REFERRING],
  [
    30_004_354,
    "what is only updated kept the reject of an older version, since it is not there to be updated",
    REFERRING,
  ],
  [40_001_120, "a plan had a delete that was refused before, and that no run sends again by itself", REFERRING],
  [
    60_002_463,
    "a repair that died before it had stored what to create had stored already that it is missing",
    REFERRING,
  ],
  [
    90_000_050,
    "what a repair was to create again was let go when it was stopped, and nobody knew of it any more",
    REFERRING,
  ],
  [
    160_038_049,
    "an older version that had been refused, tried again by a person, took the place of a newer one that waited",
    REFERRING,
  ],
  [
    160_034_261,
    "a pause that the API had asked for was not written down, since a refusal that named no time paused for longer",
    REFERRING,
  ],
  [
    160_000_461,
    "a write that a dead process had sent landed after a newer one, since it had been repeated with the same content meanwhile",
    REFERRING,
  ],
  [
    160_032_036,
    "a repair took a record that a write in doubt was about for somebody else's, and deleted it",
    REFERRING,
  ],
  [
    160_025_264,
    "a repair took what a write in doubt was refused for, when its record had gone, for a refusal of the record",
    REFERRING,
  ],
  [
    380_000_464,
    "a write of its own that a dead process had left was taken for somebody else's change, and kept",
    { ...CONFLICTING, restless: 1, deletes: 0, repairs: 0 },
  ],
  [
    391_000_582,
    "the same of a record that could not be mapped any more when it was met again",
    { ...CONFLICTING, restless: 1, deletes: 0.2, repairs: 0 },
  ],
  [
    220_006_296,
    "a read in the order of its cursor that took longer than the look-back lost what was committed late behind it",
    { ...CONFLICTING, fences: 0.3, versions: 0.4, conflicts: 0.4, fencedBatches: 0.3 },
  ],
  [
    502_001_842,
    "a record that was never sent counted as created, since a version of it had been about to leave when the process died",
    USUAL,
  ],
  [
    512_000_677,
    "a write of its own whose answer was lost was taken for somebody else's change, since the record has a version that nobody had mapped",
    USUAL,
  ],
  [
    511_000_027,
    "a repair did not create again what a create in doubt had been found to have made, and what somebody had then deleted",
    USUAL,
  ],
  [
    520_000_194,
    "of deletes that the guard had withheld, those that a resumed read did not come by were carried out once it had found the others back",
    USUAL,
  ],
];
