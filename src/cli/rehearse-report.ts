import type { Rehearsal } from "../simulation/rehearsal.ts";
import type { RehearsalResult, Rehearsals } from "../simulation/rehearse.ts";
import type { TraceLine } from "../simulation/world.ts";
import { count, counted, duration } from "./amounts.ts";
import { quoted } from "./command-line.ts";
import type { Context } from "./context.ts";
import { escapeLine } from "./escape.ts";
import { hanging } from "./failure.ts";
import type { Printer } from "./printer.ts";
import { padEnd, padStart } from "./width.ts";

/** Lines of a story that fit on a screen. */
const STORY_MAX = 24;

interface Asked {
  readonly worlds: number;
  /** The file that the records are from. */
  readonly records: string | undefined;
}

/** Shows how far a rehearsal is, then what it came to, and gives its exit code. */
export async function reportRehearsals(
  rehearsals: Rehearsals,
  { worlds, records }: Asked,
  context: Context,
): Promise<number> {
  const { printer, host } = context;
  const startedMs = host.clock.monotonicMs();
  for await (const rehearsal of rehearsals) if (printer.isLive) printer.live([progressLine(rehearsal, worlds)]);
  if (printer.isLive) printer.live([]);
  const { syncs, exitCode } = await rehearsals.result;
  for (const result of syncs) {
    printer.record({ type: "rehearsal", ...result });
    if (printer.isQuiet && result.broken === 0) continue;
    if (result !== syncs[0]) printer.result("");
    printer.result(rehearsalText(result, records, context));
  }
  if (!printer.isQuiet) printer.note(`\nin ${duration(host.clock.monotonicMs() - startedMs)}`);
  return exitCode;
}

const progressLine = ({ sync, worlds, requests, broken }: Rehearsal, all: number): string =>
  [
    sync,
    `${count(worlds)} of ${counted(all, "world")}`,
    counted(requests, "request"),
    ...(broken > 0 ? [`${count(broken)} broken`] : []),
  ].join(" · ");

function rehearsalText(result: RehearsalResult, records: string | undefined, { printer, suggest }: Context): string {
  const { style, columns } = printer;
  const { sync, worlds, requests, faults, crashes, runs, broken, repeated, needless, notes, broke } = result;
  const row = (label: string, text: string): readonly string[] =>
    hanging(`  ${padEnd(label, 11)}`, escapeLine(text), columns);
  const again = (seed: number): string =>
    suggest(
      "rehearse",
      [sync],
      ["--seed", String(seed), ...(records === undefined ? [] : ["--records", quoted(records)])],
    );
  const verdict =
    broken === 0
      ? `${style("green", "holds")}: in ${counted(worlds, "world")} nothing was lost, doubled, left in an older version or stuck`
      : `${style("red", "does not hold")}: in ${count(broken)} of ${counted(worlds, "world")} ${harm(result)}`;
  return [
    ...hanging(`${style("bold", sync)} `, verdict, columns),
    ...row(
      "played",
      `${counted(runs, "run")}, ${counted(requests, "request")}, ${counted(faults, "fault")}, ${counted(crashes, "crash", "crashes")}`,
    ),
    ...(repeated === 0 ? [] : row("sent again", repeatedText(repeated, needless))),
    ...notes.flatMap((text, index) => row(index === 0 ? "note" : "", text)),
    ...(broke === undefined ? [] : ["", ...storyLines(broke, printer)]),
    ...(broke === undefined ? [] : ["", ...row("again", again(broke.seed))]),
    ...(result.other === 0 ? [] : row("defect", "this should not be possible: please report it with the config")),
    ...adviceOn(result).flatMap((text) => row("next", text)),
  ].join("\n");
}

function harm({ lost, doubled, outdated, undeleted, stuck, rejected, other }: Rehearsal): string {
  const parts: readonly (readonly [number, string])[] = [
    [lost, "lost"],
    [doubled, "doubled"],
    [outdated, "left in an older version"],
    [undeleted, "left although they have gone from the source"],
    [stuck, "stuck until a person decided"],
    [rejected, "rejected for no good reason"],
  ];
  const named = parts.filter(([number]) => number > 0).map(([number, what]) => `${counted(number, "record")} ${what}`);
  return [...named, ...(other > 0 ? [counted(other, "other violation")] : [])].join(", ");
}

const repeatedText = (repeated: number, needless: number): string =>
  `${counted(repeated, "write")} that changed nothing, to be sure after a fault or crash${needless === 0 ? "" : `; ${count(needless)} of them without such a reason`}`;

function storyLines(
  { seed, violation, story }: NonNullable<RehearsalResult["broke"]>,
  printer: Printer,
): readonly string[] {
  const { style, columns } = printer;
  const told = plain(story);
  const lines =
    told.length > STORY_MAX ? [...told.slice(0, STORY_MAX / 2), undefined, ...told.slice(-STORY_MAX / 2)] : told;
  const head = `In the smallest world like number ${seed}, ${violation.text}:`;
  return [
    ...hanging("  ", style("bold", escapeLine(head)), columns),
    ...lines.flatMap((line) =>
      line === undefined
        ? [`  ${padStart("...", TIME_WIDTH)}`]
        : hanging(
            `  ${padStart(duration(line.atMs), TIME_WIDTH)}  ${/^ */.exec(line.text)?.[0] ?? ""}`,
            escapeLine(line.text.trim()),
            columns,
          ),
    ),
  ];
}

const TIME_WIDTH = 11;

/** A story without the beginnings of runs in which nothing else is told. */
const plain = (story: readonly TraceLine[]): readonly TraceLine[] =>
  story.filter(({ text }, index) => {
    const [, run] = /^(run \d+) begins$/.exec(text) ?? [];
    return run === undefined || story[index + 1]?.text.startsWith(`${run} is`) !== true;
  });

/** What would help, where the config cannot promise what was played. */
function adviceOn({ stuck, doubled }: Rehearsal): readonly string[] {
  if (stuck + doubled === 0) return [];
  return [
    "A write whose answer is lost can be repeated or looked up only if the config says how: declare `idempotencyKey` or `find` for creates, and for updates PUT or PATCH, `read`, or `idempotent: true` where a repeated POST changes nothing.",
  ];
}
