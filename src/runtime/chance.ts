import { randomUUID } from "node:crypto";
import type { Chance } from "../core/clock.ts";

/** Real chance. */
export const systemChance: Chance = { random: () => Math.random(), uuid: () => randomUUID() };
