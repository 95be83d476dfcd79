import { shrink, storyOf } from "../../src/simulation/shrink.ts";
import type { Outcome } from "../../src/simulation/world.ts";
import { textOf } from "./play.ts";
import { play, type ShapedWorld } from "./worlds.ts";

/** Lines of a story that fit on a screen or two. */
const LINES_MAX = 120;

/** The smallest world that fails as this one does, with what happened to the records that it is about. */
export async function told(world: ShapedWorld, outcome: Outcome): Promise<string> {
  const small = await shrink({ world, outcome }, play);
  const shape = JSON.stringify({ ...small.world, edits: small.world.edits.length });
  const violations = small.outcome.violations.slice(0, 5).map(({ kind, text }) => `${kind}: ${text}`);
  return [...violations, shape, textOf(storyOf(small.outcome).slice(-LINES_MAX))].join("\n");
}
