import { Command } from "commander";
import { examples } from "../arguments.ts";
import { misuse, withState, type Invocation } from "../context.ts";
import { keyMapCommands } from "./key-map.ts";

export const stateCommand = (invocation: Invocation): Command =>
  [show(invocation), reset(invocation), unblock(invocation), ...keyMapCommands(invocation)]
    .reduce((state, command) => state.addCommand(command), new Command("state"))
    .summary("look into the ledger, reset, unblock; adopt, export and import the key map")
    .description(
      "look into the ledger, reset a sync, decide what is blocked, or say which record of the destination is which of the source",
    )
    .addHelpText(
      "after",
      examples(
        ["evenkeel state show products", "cursor, reads and counts"],
        ["evenkeel state unblock", "try now what was put off"],
        ["evenkeel state adopt contacts --dry-run", "which records the destination has already"],
      ),
    );

const show = (invocation: Invocation): Command =>
  new Command("show")
    .description("show cursor, reads and counts of each sync")
    .argument("[sync]", "only this sync")
    .addHelpText(
      "after",
      examples(
        ["evenkeel state show", "every sync"],
        ["evenkeel state show products --json", "the checkpoint as JSON"],
      ),
    )
    .action((sync: string | undefined, _flags: object, command: Command) =>
      invocation.act(command, (context) =>
        withState(context, async (state) => {
          const { stateText } = await import("../status-report.ts");
          const all = await state.status();
          const statuses = all.filter((status) => sync === undefined || status.sync === sync);
          if (statuses.length === 0)
            throw misuse(`there is no sync ${sync}`, `Syncs: ${all.map((status) => status.sync).join(", ")}.`);
          for (const status of statuses) context.printer.record({ type: "state", ...status });
          context.printer.result(
            `ledger ${state.stateFile}\n\n${statuses.map((status) => stateText(status, context)).join("\n\n")}`,
          );
          return 0;
        }),
      ),
    );

interface ResetFlags {
  readonly entries?: true;
  readonly yes?: true;
}

const reset = (invocation: Invocation): Command =>
  new Command("reset")
    .description("forget a sync's cursor, so that everything is read again")
    .argument("<sync>", "the sync")
    .option("--entries", "also forget what the destination is known to hold, so that everything is written again")
    .option("--yes", "do it")
    .addHelpText(
      "after",
      examples(
        ["evenkeel state reset products --yes", "the next run reads everything"],
        ["evenkeel state reset products --entries --yes", "the next run also writes everything"],
      ),
    )
    .action((sync: string, flags: ResetFlags, command: Command) =>
      invocation.act(command, (context) => {
        const entries = flags.entries === true;
        if (flags.yes !== true) {
          const forgets = entries
            ? "its cursor, what the destination is known to hold, and every unresolved write: where the destination assigns ids and no `find` is declared, the next run creates every record a second time"
            : "its cursor: the next run reads everything";
          throw misuse(
            `resetting ${sync} forgets ${forgets}`,
            `If that is what you want: \`${context.suggest("state reset", [sync], [...(entries ? ["--entries"] : []), "--yes"])}\`.`,
          );
        }
        return withState(context, async (state) => {
          await state.reset(sync, { checkpoint: true, entries });
          context.printer.record({ type: "reset", sync, checkpoint: true, entries });
          context.printer.result(
            entries
              ? `${sync} is forgotten: the next run reads and writes everything`
              : `${sync} has no cursor any more: the next run reads everything`,
          );
          return 0;
        });
      }),
    );

interface UnblockFlags {
  readonly resend?: true;
  readonly applied?: true;
}

const unblock = (invocation: Invocation): Command =>
  new Command("unblock")
    .description("let the next run try what was put off, or decide a write of unknown outcome")
    .argument("[sync]", "only this sync")
    .argument("[key]", "only the record with this key")
    .option("--resend", "the write of this record was not applied: send it again")
    .option("--applied", "the write of this record was applied: take it as done")
    .addHelpText(
      "after",
      examples(
        ["evenkeel state unblock", "all that waits for a time is tried by the next run"],
        ["evenkeel state unblock contacts 4711 --applied", "you looked: the record is there"],
      ),
    )
    .action((sync: string | undefined, key: string | undefined, { resend, applied }: UnblockFlags, command: Command) =>
      invocation.act(command, (context) => {
        if (resend === true && applied === true)
          throw misuse(
            "`--resend` and `--applied` exclude each other",
            `\`${context.suggest("state unblock", [], ["--help"])}\` tells them apart.`,
          );
        const decide = resend === true ? "resend" : applied === true ? "applied" : undefined;
        if (decide !== undefined && key === undefined)
          throw misuse(
            `\`--${decide}\` decides one record`,
            `Name it: \`${context.suggest("state unblock SYNC KEY", [], [`--${decide}`])}\`.`,
          );
        return withState(context, async (state) => {
          const { counted } = await import("../amounts.ts");
          const { escapeLine } = await import("../escape.ts");
          const done = await state.unblock({
            ...(sync === undefined ? {} : { sync }),
            ...(key === undefined ? {} : { key }),
            ...(decide === undefined ? {} : { decide }),
          });
          context.printer.record({ type: "unblocked", ...done });
          const writes = `${counted(done.operations, "write")} ${decide === "applied" ? "taken as done" : decide === "resend" ? "to be sent again" : "freed"}`;
          context.printer.result(`${writes}, ${counted(done.lanes, "lane")} freed`);
          if (done.operations === 0 && decide !== undefined)
            context.printer.say(
              escapeLine(`${sync} has no write of unknown outcome for ${key}: `) +
                `\`${context.suggest("explain", [sync as string, key as string])}\``,
            );
          return done.operations === 0 && decide !== undefined ? 1 : 0;
        });
      }),
    );
