import { resolve } from "node:path";
import { Command } from "commander";
import { examples } from "../arguments.ts";
import { misuse, withLibrary, withState, type Invocation } from "../context.ts";

/** Findings of each kind that fit the mind, if not the screen. */
const SHOWN_MAX = 20;

/** Conflicts shown; all are counted. */
const CONFLICTS_MAX = 50;

interface AdoptFlags {
  readonly dryRun?: true;
  readonly decline?: true;
  readonly all?: true;
}

/** The commands under `state` that fill the key map: which record of the destination is which of the source. */
export const keyMapCommands = (invocation: Invocation): readonly Command[] => [
  adopt(invocation),
  exportKeys(invocation),
  importKeys(invocation),
];

const adopt = (invocation: Invocation): Command =>
  new Command("adopt")
    .description("find out which records the destination has already, and take them over; writes to neither API")
    .argument("<sync>", "the sync")
    .option("--dry-run", "only show what would be adopted")
    .option("--decline", "take over nothing: none of the destination's records is one of the source's")
    .option("--all", `show every record, not only the first ${SHOWN_MAX} of each kind`)
    .addHelpText(
      "after",
      examples(
        ["evenkeel state adopt contacts --dry-run", "which records are the same"],
        ["evenkeel state adopt contacts", "take them over"],
        ["evenkeel state adopt contacts --decline", "create all, whatever is there"],
      ),
    )
    .action((sync: string, { decline, all, ...flags }: AdoptFlags, command: Command) =>
      invocation.act(command, (context) =>
        withLibrary(context, async (evenkeel) => {
          const dryRun = flags.dryRun === true;
          if (decline === true) {
            if (dryRun) throw misuse("`--decline` and `--dry-run` exclude each other", "Leave one of them out.");
            await evenkeel.declineAdoption(sync);
            context.printer.record({ type: "declined", sync });
            context.printer.result(
              `nothing is adopted: the next run of ${sync} creates every record that it has not created yet`,
            );
            return 0;
          }
          const { reportAdoption } = await import("../adopt-report.ts");
          const { signal } = context.host.interruption();
          const shownMax = all === true ? Number.POSITIVE_INFINITY : SHOWN_MAX;
          return reportAdoption(evenkeel.adopt(sync, { dryRun, signal }), { sync, shownMax, dryRun }, context);
        }),
      ),
    );

const exportKeys = (invocation: Invocation): Command =>
  new Command("export")
    .description("write the key map as JSON lines: which record of the destination each source key is")
    .argument("<sync>", "the sync")
    .addHelpText(
      "after",
      examples(["evenkeel state export contacts > contacts.jsonl", '{"key":"4711","id":"c_1"}, a line a record']),
    )
    .action((sync: string, _flags: object, command: Command) =>
      invocation.act(command, (context) =>
        withState(context, async (state) => {
          const { printer, host } = context;
          const { signal } = host.interruption();
          for await (const mapping of state.exportKeys(sync)) {
            if (signal.aborted) return 130;
            // The same line either way: the file is to be imported.
            printer.record(mapping);
            printer.result(JSON.stringify(mapping));
            await printer.drained();
          }
          return 0;
        }),
      ),
    );

const importKeys = (invocation: Invocation): Command =>
  new Command("import")
    .description("take over a key map from JSON lines, as `state export` writes them")
    .argument("<sync>", "the sync")
    .argument("<file>", "the file")
    .addHelpText(
      "after",
      examples(["evenkeel state import contacts contacts.jsonl", "what contradicts the ledger is named and left out"]),
    )
    .action((sync: string, file: string, _flags: object, command: Command) =>
      invocation.act(command, (context) =>
        withLibrary(context, async (evenkeel) => {
          const { printer, host } = context;
          const { counted } = await import("../amounts.ts");
          const { escapeLine } = await import("../escape.ts");
          const { imported, known, conflicts } = await evenkeel.importKeys(sync, resolve(host.cwd, file));
          printer.record({ type: "imported", sync, imported, known, conflicts });
          for (const { key, id, address, reason } of conflicts.slice(0, CONFLICTS_MAX))
            printer.result(
              `  ${printer.style("yellow", "left out")}  ${escapeLine(`${key} → ${id ?? address ?? "?"}: ${reason}`)}`,
            );
          if (conflicts.length > CONFLICTS_MAX)
            printer.result(`  … and ${conflicts.length - CONFLICTS_MAX} more (\`--json\` has them all)`);
          const left = conflicts.length === 0 ? "" : `, ${conflicts.length} left out`;
          printer.result(`${counted(imported, "mapping")} imported, ${known} known already${left}`);
          return conflicts.length === 0 ? 0 : 1;
        }),
      ),
    );
