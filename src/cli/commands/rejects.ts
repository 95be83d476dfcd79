import { EvenkeelError } from "../../core/errors.ts";
import { numberOption, withEvenkeel, writeJson, type CommandContext } from "../context.ts";
import { evidenceLines } from "../errors.ts";
import { escape } from "../escape.ts";
import { plural, time } from "../numbers.ts";
import { styleOf } from "../terminal.ts";
import { follow } from "./run.ts";

/** `evenkeel rejects list` */
export async function list(context: CommandContext, sync: string | undefined): Promise<number> {
  const { options, terminal } = context;
  return withEvenkeel(context, async (evenkeel) => {
    let found = 0;
    for await (const reject of evenkeel.rejects(sync)) {
      found += 1;
      if (options.json === true) writeJson(context, { type: "reject", ...reject });
      else
        terminal.stdout.write(
          `${reject.sync} ${String(reject.id).padStart(5)}  ${reject.kind}  ${escape(reject.key ?? "(no key)")}: ${escape(reject.reason)}\n`,
        );
      await terminal.stdout.drained();
    }
    if (options.json !== true)
      terminal.stdout.write(
        found === 0
          ? "No record is refused.\n"
          : `${plural(found, "record")}; \`evenkeel rejects show SYNC ID\` has the request and the answer.\n`,
      );
    return 0;
  });
}

/** `evenkeel rejects show` */
export async function show(context: CommandContext, sync: string, id: string): Promise<number> {
  const { options, terminal } = context;
  return withEvenkeel(context, async (evenkeel) => {
    const reject = await evenkeel.reject(sync, idOf(id));
    if (reject === undefined)
      throw new EvenkeelError("USAGE", `${sync} has no reject ${id}`, {
        next: `\`evenkeel rejects list ${sync}\` shows those that there are.`,
      });
    if (options.json === true) {
      writeJson(context, { type: "reject", sync, ...reject });
      return 0;
    }
    const style = styleOf(terminal.stdout);
    const lines = [
      `${style("bold", `${sync} ${reject.id}`)} ${reject.kind} ${escape(reject.key ?? "(no key)")} (${reject.code}, ${time(reject.atMs)}, ${plural(reject.times, "time")})`,
      `  ${escape(reject.reason)}`,
      ...(reject.source === undefined
        ? []
        : [`  ${style("dim", "source record")} ${escape(JSON.stringify(reject.source))}`]),
      ...(reject.evidence === undefined ? [] : evidenceLines(reject.evidence).map((line) => `    ${line}`)),
    ];
    terminal.stdout.write(`${lines.join("\n")}\n`);
    return 0;
  });
}

/** `evenkeel rejects retry` */
export async function retry(context: CommandContext, sync: string, ids: readonly string[]): Promise<number> {
  const { options, interruption } = context;
  return withEvenkeel(context, (evenkeel) =>
    follow(
      evenkeel.retryRejects(sync, ids.length === 0 ? undefined : ids.map(idOf), {
        signal: interruption.signal,
        trace: options["trace"] === true,
      }),
      context,
    ),
  );
}

/** `evenkeel rejects discard` */
export async function discard(context: CommandContext, sync: string, ids: readonly string[]): Promise<number> {
  const { options, terminal } = context;
  return withEvenkeel(context, async (evenkeel) => {
    const discarded = await evenkeel.discardRejects(sync, ids.map(idOf));
    if (options.json === true) writeJson(context, { type: "discarded", sync, discarded });
    else terminal.stdout.write(`${plural(discarded, "reject")} forgotten.\n`);
    return 0;
  });
}

const idOf = (text: string): number => numberOption("a reject's id", text) as number;
