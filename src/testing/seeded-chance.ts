import type { Chance } from "../core/clock.ts";

/** Chance from a seed: the same seed gives the same sequence (sfc32, Chris Doty-Humphrey's PractRand). */
export function seededChance(seed: number): Chance {
  let a = 0x9e3779b9 | 0;
  let b = seed | 0;
  let c = Math.floor(seed / 2 ** 32) | 0;
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let warmUp = 0; warmUp < 12; warmUp++) next();
  const hex = (digits: number): string => next().toString(16).padStart(8, "0").slice(0, digits);
  return {
    random: () => next() / 2 ** 32,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(8)}${hex(4)}`,
  };
}
