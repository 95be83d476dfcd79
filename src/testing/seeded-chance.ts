import type { Chance } from "../core/clock.ts";

/** Chance that is the same for the same seed, so that a run can be replayed (T1). */
export interface SeededChance extends Chance {
  /** A whole number in [0, below). */
  integer(below: number): number;
  /** One of the items; throws RangeError on an empty list. */
  pick<Item>(items: readonly Item[]): Item;
  /** An independent stream that depends on this seed and the label alone, not on what was drawn so far. */
  fork(label: string): SeededChance;
}

/**
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, a period of at least 2^32, and it passes PractRand.
 * The seed is spread over the state by an FNV-1a hash and twelve rounds of mixing.
 */
export function seededChance(seed: number | string): SeededChance {
  let a = hash32(`${seed}:a`);
  let b = hash32(`${seed}:b`);
  let c = hash32(`${seed}:c`);
  let counter = 1;

  const next32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  for (let round = 0; round < MIXING_ROUNDS; round++) next32();

  /** 53 bits, as many as a double holds. */
  const random = (): number => ((next32() >>> 5) * 2 ** 26 + (next32() >>> 6)) / 2 ** 53;
  const integer = (below: number): number => Math.floor(random() * below);

  return {
    random,
    integer,
    pick(items) {
      if (items.length === 0) throw new RangeError("nothing to pick from");
      return items[integer(items.length)] as (typeof items)[number];
    },
    fork: (label) => seededChance(`${seed}/${label}`),
    uuid: () => uuid4([next32(), next32(), next32(), next32()]),
  };
}

/** Rounds after which every bit of the seed has reached every bit of the state (the author's recommendation). */
const MIXING_ROUNDS = 12;

/** FNV-1a over UTF-16 units. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash | 0;
}

/** RFC 9562, 5.4: version 4, variant 10. */
function uuid4(words: readonly number[]): string {
  const hex = words.map((word) => word.toString(16).padStart(8, "0")).join("");
  const variant = (8 + (Number.parseInt(hex.charAt(16), 16) & 3)).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}
