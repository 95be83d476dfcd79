export { seededChance } from "./seeded-chance.ts";
export { VirtualClock } from "./virtual-clock.ts";
