import type { Outcome, TraceLine, World } from "./world.ts";

/** Smaller worlds that are tried before the smallest that still fails is shown. */
const TRIES = 80;

interface Played<Of extends World> {
  readonly world: Of;
  readonly outcome: Outcome;
}

/** Makes a world that fails smaller, step by step, as long as it fails in the same way. */
export async function shrink<Of extends World>(
  { world, outcome: first }: Played<Of>,
  play: (world: Of) => Promise<Outcome>,
): Promise<Played<Of>> {
  const kind = first.violations[0]?.kind;
  let best = { world, outcome: first };
  let tries = 0;
  for (let progress = true; progress && tries < TRIES;) {
    progress = false;
    for (const smaller of candidates(best.world, best.outcome)) {
      if (tries++ >= TRIES) break;
      const outcome = await play(smaller);
      if (!outcome.violations.some((violation) => violation.kind === kind)) continue;
      best = { world: smaller, outcome };
      progress = true;
      break;
    }
  }
  return best;
}

function* candidates<Of extends World>(world: Of, outcome: Outcome): Generator<Of> {
  const { processes, edits, faults, records } = world;
  const happened = [...outcome.faults.values()].reduce((sum, count) => sum + count, 0);
  const faultsMax = Math.min(world.faultsMax, happened);
  for (const fewer of [0, Math.floor(faultsMax / 2), faultsMax - 1])
    if (fewer >= 0 && fewer < world.faultsMax) yield { ...world, faultsMax: fewer };
  for (const index of processes.keys()) yield { ...world, processes: processes.filter((_, at) => at !== index) };
  for (const [index, { crash }] of processes.entries())
    if (crash !== undefined)
      yield { ...world, processes: processes.map((each, at) => (at === index ? { ...each, crash: undefined } : each)) };
  for (const fault of faults) yield { ...world, faults: faults.filter((each) => each !== fault) };
  yield* halves(edits).map((fewer) => ({ ...world, edits: fewer }));
  for (const fewer of [Math.floor(records / 2), records - 1]) if (fewer > 0) yield { ...world, records: fewer };
}

const halves = <Item>(items: readonly Item[]): readonly (readonly Item[])[] => {
  if (items.length === 0) return [];
  const middle = Math.ceil(items.length / 2);
  return [items.slice(middle), items.slice(0, middle), items.slice(1)].filter((each) => each.length < items.length);
};

/** What happened to the first records that a violation is about, and to the processes; all of it when it is about none. */
export function storyOf({ violations, trace }: Outcome, keysMax = 3): readonly TraceLine[] {
  const keys = new Set(violations.flatMap(({ key }) => key ?? []).slice(0, keysMax));
  return trace.filter(({ about }) => about === undefined || keys.size === 0 || about.some((key) => keys.has(key)));
}
