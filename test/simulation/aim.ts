import { MOMENTS, type Step } from "../../src/simulation/faults.ts";
import type { Outcome } from "../../src/simulation/world.ts";
import { seededChance } from "../../src/testing/seeded-chance.ts";
import { play, worldOf, type ShapedWorld, type Shares } from "./worlds.ts";

/** How much rarer a step is than most. */
const RARITY: Partial<Readonly<Record<Step, number>>> = {
  dropWaiting: 100,
  promote: 30,
  takeUp: 6,
  abandonLeftovers: 2,
};

/** What worlds have in which a step is likelier than in others. */
const LIKELY: Partial<Readonly<Record<string, Partial<Shares>>>> = {
  miss: { deletes: 1 },
  dropWaiting: { createOnly: 1, deletes: 0 },
} satisfies Partial<Record<Step, Partial<Shares>>>;

interface Aimed {
  /** The world that is played to see where it can die. */
  readonly scout: ShapedWorld;
  readonly scouted: Outcome;
  readonly worlds: readonly ShapedWorld[];
}

/**
 * Worlds of a seed with a death at a step that one of its processes really comes to, before, within and after it: rare steps are hardly ever met
 * by chance. The world is played once to see what happens in it, and until that death everything is the same again.
 *
 * @param wanted only worlds that come to this step; then there may be none
 */
export async function aimedWorldsOf(seed: number, wanted?: string): Promise<Aimed> {
  const scout = worldOf(seed, { restless: 1, ...(wanted === undefined ? {} : LIKELY[wanted]) });
  const scouted = await play(scout);
  return { scout, scouted, worlds: aimedAt(seed, scout, scouted, wanted) };
}

function aimedAt(seed: number, world: ShapedWorld, { steps }: Outcome, wanted?: string): readonly ShapedWorld[] {
  const chance = seededChance(`aim ${seed}`);
  const targets = steps
    .slice(0, world.processes.length)
    .flatMap((times, process) => [...times].map(([step, count]) => ({ process, step, count })))
    .filter(({ step }) => wanted === undefined || step === wanted);
  const sum = targets.reduce((all, { step }) => all + (RARITY[step] ?? 1), 0);
  let drawn = chance.random() * sum;
  const target = targets.find(({ step }) => (drawn -= RARITY[step] ?? 1) < 0);
  if (target === undefined) return [];
  const { process, step, count } = target;
  const [number, power, downMs] = [1 + chance.integer(count), chance.random() < 0.3, chance.pick([0, 1_000, 300_000])];
  return MOMENTS.map((moment) => {
    const crash = { at: { kind: "method" as const, step, number, moment }, power, downMs };
    const processes = world.processes.map((each, index) => (index === process ? { ...each, crash } : each));
    return { ...world, processes };
  });
}
