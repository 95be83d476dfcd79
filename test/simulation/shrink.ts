import { simulate } from "../../src/simulation/simulate.ts";
import type { Outcome, World } from "../../src/simulation/world.ts";

/** Smaller worlds that are tried before the smallest that still fails is shown. */
const TRIES = 80;

/** What a violation is about: its first word. */
const kindOf = (violation: string | undefined): string | undefined => violation?.split(":")[0];

/** Makes a world that fails smaller, step by step, as long as it fails in the same way. */
export async function shrink(
  world: World,
  first: Outcome,
): Promise<{ readonly world: World; readonly outcome: Outcome }> {
  const kind = kindOf(first.violations[0]);
  let best = { world, outcome: first };
  let tries = 0;
  for (let progress = true; progress && tries < TRIES;) {
    progress = false;
    for (const smaller of candidates(best.world, best.outcome)) {
      if (tries++ >= TRIES) break;
      const outcome = await simulate(smaller);
      if (!outcome.violations.some((violation) => kindOf(violation) === kind)) continue;
      best = { world: smaller, outcome };
      progress = true;
      break;
    }
  }
  return best;
}

function* candidates(world: World, outcome: Outcome): Generator<World> {
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
  const { source, destination } = world.shape;
  if (destination.concurrency !== 1)
    yield { ...world, shape: { source, destination: { ...destination, concurrency: 1 } } };
}

const halves = <Item>(items: readonly Item[]): readonly (readonly Item[])[] => {
  if (items.length === 0) return [];
  const middle = Math.ceil(items.length / 2);
  return [items.slice(middle), items.slice(0, middle), items.slice(1)].filter((each) => each.length < items.length);
};

/** The story of a failure: what happened to the records that it names, and to the processes. */
export function storyOf({ world, outcome }: { readonly world: World; readonly outcome: Outcome }): string {
  const ids = new Set(outcome.violations.flatMap((violation) => /record (\d+)/.exec(violation)?.[1] ?? []).slice(0, 3));
  const isAbout = (line: string): boolean =>
    /^\d+ (?:run|calm|the process|a person)/.test(line) ||
    [...ids].some((id) =>
      new RegExp(`"ref":${id}[,}]|ref=${id}\\b|/items/${id}\\b|edit ${id}:|"key":"${id}"|of ${id} was`).test(line),
    );
  const lines: string[] = [];
  for (const [index, line] of outcome.trace.entries()) {
    // What a request came to stands in the lines after it, with its number.
    const before = outcome.trace[index - 1];
    if (isAbout(line) || (before !== undefined && isAbout(before) && line.includes("  fault ")))
      lines.push(`  ${line}`);
  }
  const shape = JSON.stringify({ ...world, edits: world.edits.length });
  return [...outcome.violations.slice(0, 5), shape, ...lines.slice(-120)].join("\n");
}
