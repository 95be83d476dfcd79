import type { Outcome, TraceLine, World } from "./world.ts";

interface Played<Of extends World> {
  readonly world: Of;
  readonly outcome: Outcome;
}

/** Makes a world that fails smaller, step by step, as long as it fails in the same way; `triesMax` smaller worlds are played. */
export async function shrink<Of extends World>(
  { world, outcome: first }: Played<Of>,
  play: (world: Of) => Promise<Outcome>,
  triesMax = 80,
  signal?: AbortSignal,
): Promise<Played<Of>> {
  const kind = first.violations[0]?.kind;
  let best = { world, outcome: first };
  let tries = 0;
  const isOver = (): boolean => tries >= triesMax || signal?.aborted === true;
  for (let progress = true; progress && !isOver();) {
    progress = false;
    for (const smaller of candidates(best.world, best.outcome)) {
      if (isOver()) break;
      tries += 1;
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
  // What makes it smallest first: the smaller it is, the sooner the next is played.
  for (const fewer of new Set([1, Math.floor(records / 4), records - 1]))
    if (fewer > 0 && fewer < records) yield { ...world, records: fewer, adopted: Math.min(fewer, world.adopted) };
  if (world.adopted > 0) yield { ...world, adopted: 0 };
  if (world.tellsAllResults === false) yield { ...world, tellsAllResults: true };
  if (edits.length > 0) yield { ...world, edits: [] };
  const happened = [...outcome.faults.values()].reduce((sum, count) => sum + count, 0);
  const faultsMax = Math.min(world.faultsMax, happened);
  for (const fewer of [0, Math.floor(faultsMax / 2), faultsMax - 1])
    if (fewer >= 0 && fewer < world.faultsMax) yield { ...world, faultsMax: fewer };
  if (processes.length > 2) for (const half of halves(processes)) yield { ...world, processes: half };
  for (const index of processes.keys()) yield { ...world, processes: processes.filter((_, at) => at !== index) };
  for (const [index, { crash }] of processes.entries())
    if (crash !== undefined)
      yield { ...world, processes: processes.map((each, at) => (at === index ? { ...each, crash: undefined } : each)) };
  for (const fault of faults) yield { ...world, faults: faults.filter((each) => each !== fault) };
  yield* halves(edits).map((fewer) => ({ ...world, edits: fewer }));
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
