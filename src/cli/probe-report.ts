import { listed } from "../core/observation.ts";
import { pathExpression } from "../core/record-list.ts";
import type { Observed, Probe, Probed } from "../evenkeel.ts";
import { showActivity } from "./activity.ts";
import { counted } from "./amounts.ts";
import type { Context } from "./context.ts";
import { escapeLine } from "./escape.ts";
import { endingText, failureLines, failureRecord, hanging } from "./failure.ts";
import { padEnd } from "./width.ts";

/** Shows what is seen of each end as it is seen, then what each sync came to. */
export async function reportProbe(probe: Probe, context: Context): Promise<number> {
  const { printer } = context;
  const { style } = printer;
  let heading = "";
  const { progress } = probe;
  const activity = showActivity({ what: "reading both APIs", progress, found: () => "" }, context);
  try {
    for await (const observed of probe) {
      printer.record({ type: "observation", ...observed });
      if (printer.isQuiet && observed.weight === "fact") continue;
      const under = `${style("bold", escapeLine(observed.sync))} ${observed.end}`;
      if (under !== heading) printer.result(`${heading === "" ? "" : "\n"}${under}`);
      heading = under;
      printer.result(observationLines(observed, context).join("\n"));
    }
  } finally {
    activity.end();
  }
  const { syncs, exitCode } = await probe.result;
  for (const probed of syncs) {
    printer.record({ type: "probe", ...probed, error: undefined });
    if (probed.error !== undefined) printer.record(failureRecord(probed.error, probed.sync));
    const text = await probedText(probed, context);
    if (text !== "") printer.result(`${heading === "" ? "" : "\n"}${text}`);
    heading = " ";
  }
  return exitCode;
}

const MARKS = { fact: " ", advice: "?", trouble: "!" } as const;
const COLORS = { fact: undefined, advice: "yellow", trouble: "red" } as const;

function observationLines({ about, weight, text, change }: Observed, { printer }: Context): readonly string[] {
  const { style, columns, complete } = printer;
  const color = COLORS[weight];
  const lines = hanging(`${MARKS[weight]} ${padEnd(about, 8)} `, escapeLine(complete(text)), columns);
  const shown =
    color === undefined
      ? lines
      : lines.map((line, index) => (index === 0 ? style(color, line.slice(0, 1)) + line.slice(1) : line));
  return change === undefined
    ? shown
    : [...shown, ...hanging(`${" ".repeat(11)}next: `, escapeLine(complete(change)), columns)];
}

/** The fields of both ends, and the totals. */
async function probedText(probed: Probed, { printer, host }: Context): Promise<string> {
  const { style, columns, complete, isQuiet } = printer;
  const { sync, troubles, advice, requests, error } = probed;
  const name = style("bold", escapeLine(sync));
  if (error !== undefined)
    return [
      `${name}: ${endingText(error, style)}`,
      "",
      ...(await failureLines(error, { style, columns, complete, cwd: host.cwd, indent: "  " })),
    ].join("\n");
  if (isQuiet) return "";
  const parts = [
    ...(troubles > 0 ? [style("red", `${troubles} to be mended`)] : []),
    ...(advice > 0 ? [style("yellow", `${advice} to be looked at`)] : []),
    counted(requests, "request"),
    "nothing written",
  ];
  return [
    ...fieldLines(probed, columns),
    `${name}: ${troubles === 0 ? style("green", "can be read as declared") + asFar(probed) : "cannot be read as declared"}, ${parts.join(", ")}`,
  ].join("\n");
}

const asFar = ({ source }: Probed): string =>
  source === undefined || source.isWhole ? "" : ` as far as ${counted(source.pages, "page")} can show`;

function fieldLines({ source, destination }: Probed, columns: number): readonly string[] {
  const ends = [
    ["source", source],
    ["destination", destination],
  ] as const;
  return ends.flatMap(([end, probed]) => {
    if (probed === undefined || probed.fields.length === 0) return [];
    const fields = probed.fields.map(({ path, types, present, of }) => {
      const share = present === of ? "" : `, in ${present} of ${of}`;
      return [pathExpression(path), `${listed(types)}${share}`] as const;
    });
    const width = Math.max(...fields.map(([path]) => path.length));
    const lines = fields.flatMap(([path, held]) => hanging(`  ${padEnd(escapeLine(path), width)}  `, held, columns));
    return [`fields of ${counted(probed.records, "record")} of the ${end}`, ...lines, ""];
  });
}
