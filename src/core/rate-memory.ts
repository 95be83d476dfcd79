import { isObject, member, type Json } from "./json.ts";
import { noiseMemoryOf, type NoiseMemory } from "./noise.ts";

/** What is worth remembering of a learned rate (L7). */
export interface RateMemory {
  readonly perMs: number;
  readonly holdMs: number;
  readonly noise: NoiseMemory | undefined;
}

/** What was remembered; undefined for anything else. */
export function rateMemoryOf(value: Json | undefined): RateMemory | undefined {
  if (!isObject(value)) return undefined;
  const [perMs, holdMs] = [member(value, "perMs"), member(value, "holdMs")];
  if (!isPositive(perMs) || !isPositive(holdMs)) return undefined;
  return { perMs, holdMs, noise: noiseMemoryOf(member(value, "noise")) };
}

const isPositive = (value: Json | undefined): value is number =>
  typeof value === "number" && Number.isFinite(value) && value > 0;
