import { EvenkeelError } from "../../core/errors.ts";
import { withEvenkeel, writeJson, type CommandContext } from "../context.ts";
import { escape } from "../escape.ts";
import { plural, time } from "../numbers.ts";
import { styleOf } from "../terminal.ts";

/** `evenkeel state show` */
export async function show(context: CommandContext, sync: string | undefined): Promise<number> {
  const { options, terminal } = context;
  return withEvenkeel(context, async (evenkeel) => {
    const style = styleOf(terminal.stdout);
    const all = await evenkeel.status();
    if (sync !== undefined && !all.some((each) => each.sync === sync))
      throw new EvenkeelError("USAGE", `there is no sync ${sync}`);
    for (const { sync: name, checkpoint, counts } of all) {
      if (sync !== undefined && name !== sync) continue;
      if (options.json === true) {
        writeJson(context, { type: "state", sync: name, checkpoint, entries: counts.entries });
        continue;
      }
      const lines =
        checkpoint === undefined
          ? [`${style("bold", name)}  no checkpoint: the next run reads everything`]
          : [
              `${style("bold", name)}  ${checkpoint.kind === "full" ? "full refresh" : "incremental read"}, ${checkpoint.complete ? "complete" : "under way"}`,
              `  cursor        ${escape(checkpoint.cursor ?? "none")}`,
              `  position      ${escape(checkpoint.position ?? "none")}`,
              `  complete read ${time(checkpoint.completeMs)}`,
              `  full refresh  ${time(checkpoint.fullMs)}`,
              `  records known ${counts.entries}`,
            ];
      terminal.stdout.write(`${lines.join("\n")}\n`);
    }
    return 0;
  });
}

/** `evenkeel state reset` */
export async function reset(context: CommandContext, sync: string): Promise<number> {
  const { options, terminal } = context;
  const entries = options["entries"] === true;
  if (entries && options["yes"] !== true) {
    throw new EvenkeelError(
      "USAGE",
      "with --entries, Evenkeel forgets what it created: where the destination assigns ids, everything would be created again",
      { next: "Add --yes if that is what you want." },
    );
  }
  return withEvenkeel(context, async (evenkeel) => {
    await evenkeel.reset(sync, { checkpoint: true, entries });
    if (options.json === true) writeJson(context, { type: "reset", sync, entries });
    else
      terminal.stdout.write(
        `${sync}: the next run reads everything${entries ? ", and knows nothing of the destination" : ""}.\n`,
      );
    return 0;
  });
}

/** `evenkeel state unblock` */
export async function unblock(
  context: CommandContext,
  sync: string | undefined,
  key: string | undefined,
): Promise<number> {
  const { options, terminal } = context;
  const decide = options["resend"] === true ? "resend" : options["applied"] === true ? "applied" : undefined;
  if (decide !== undefined && key === undefined)
    throw new EvenkeelError("USAGE", `--${decide} decides about one record: name the sync and the key`);
  return withEvenkeel(context, async (evenkeel) => {
    const cleared = await evenkeel.unblock({
      ...(sync === undefined ? {} : { sync }),
      ...(key === undefined ? {} : { key }),
      ...(decide === undefined ? {} : { decide }),
    });
    if (options.json === true) writeJson(context, { type: "unblocked", ...cleared });
    else
      terminal.stdout.write(
        `${plural(cleared.operations, "operation")} and ${plural(cleared.lanes, "lane")} unblocked; the next run tries again.\n`,
      );
    return 0;
  });
}
