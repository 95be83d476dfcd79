import { Command } from "commander";
import type { EvenkeelError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-code.ts";
import type { State } from "../../evenkeel.ts";
import { examples, wholeNumber, wholeNumbers } from "../arguments.ts";
import { misuse, withLibrary, withState, type Context, type Invocation } from "../context.ts";
import type { Again } from "../summary.ts";

/** Rejects of each code that fit the mind: the hundredth shows nothing new. */
const SHOWN_MAX = 20;

export const rejectsCommand = (invocation: Invocation): Command =>
  new Command("rejects")
    .summary("read, try again or discard what was refused")
    .description("read, try again or discard what was invalid or rejected")
    .addCommand(list(invocation))
    .addCommand(show(invocation))
    .addCommand(retry(invocation))
    .addCommand(discard(invocation))
    .addHelpText(
      "after",
      examples(
        ["evenkeel rejects list", "all of them, with the reasons"],
        ["evenkeel rejects retry products --all", "once they are mended"],
      ),
    );

const list = (invocation: Invocation): Command =>
  new Command("list")
    .description("list rejects with their reasons")
    .argument("[sync]", "only those of this sync")
    .option("--all", `list every one, not only the first ${SHOWN_MAX} of each code`)
    .addHelpText(
      "after",
      examples(
        ["evenkeel rejects list products", "those of one sync"],
        ["evenkeel rejects list --json", "with request, answer and source record"],
      ),
    )
    .action((sync: string | undefined, { all }: { readonly all?: true }, command: Command) =>
      invocation.act(command, (context) =>
        withState(context, async (state) => {
          const { listRejects } = await import("../rejects-report.ts");
          await listRejects(state.rejects(sync), all === true ? Number.POSITIVE_INFINITY : SHOWN_MAX, context);
          return 0;
        }),
      ),
    );

const noSuch = (sync: string, ids: readonly number[], { suggest }: Context): EvenkeelError =>
  misuse(
    `${sync} has no ${ids.length === 1 ? "reject" : "rejects"} ${ids.join(", ")}`,
    `\`${suggest("rejects list", [sync])}\` lists those that there are.`,
  );

/** Does something with those of the rejects that there are, and refuses the others; all of them before anything is done. Gives the exit code. */
async function withRejects(
  state: State,
  { sync, ids }: { readonly sync: string; readonly ids: readonly number[] },
  context: Context,
  work: (known: readonly number[]) => Promise<number>,
): Promise<number> {
  const unique = [...new Set(ids)];
  const found = await Promise.all(unique.map((id) => state.reject(sync, id)));
  const known = unique.filter((_, index) => found[index] !== undefined);
  const unknown = unique.filter((_, index) => found[index] === undefined);
  if (known.length === 0) throw noSuch(sync, unknown, context);
  const code = await work(known);
  if (unknown.length > 0 && code !== EXIT.interrupted) throw noSuch(sync, unknown, context);
  return code;
}

const show = (invocation: Invocation): Command =>
  new Command("show")
    .description("show the request, the answer and the source record of one reject")
    .argument("<sync>", "the sync")
    .argument("<id>", "the number that `rejects list` shows", wholeNumber(1))
    .addHelpText("after", examples(["evenkeel rejects show products 12", "all that is known of reject 12"]))
    .action((sync: string, id: number, _flags: object, command: Command) =>
      invocation.act(command, (context) =>
        withState(context, async (state) => {
          const { rejectBlock } = await import("../record-report.ts");
          const reject = await state.reject(sync, id);
          if (reject === undefined) throw noSuch(sync, [id], context);
          context.printer.record({ type: "reject", sync, ...reject });
          context.printer.result(rejectBlock({ sync, ...reject }, context));
          return 0;
        }),
      ),
    );

interface RetryFlags {
  readonly all?: true;
  readonly trace?: true;
}

const retry = (invocation: Invocation): Command =>
  new Command("retry")
    .description(
      "map these records anew and send them: as the source has them now where `source.read` is declared, else as they were when they were refused",
    )
    .argument("<sync>", "the sync")
    .argument("[id...]", "the rejects to try again", wholeNumbers(1))
    .option("--all", "all rejects of the sync, but for those that may be in the destination already")
    .option("--trace", "show each request and answer, secrets redacted")
    .addHelpText(
      "after",
      examples(
        ["evenkeel rejects retry products 12 13", "two of them"],
        ["evenkeel rejects retry products --all", "all of them"],
      ),
    )
    .action((sync: string, ids: readonly number[] | undefined, { all, trace }: RetryFlags, command: Command) =>
      invocation.act(command, (context) => {
        if ((ids ?? []).length > 0 === (all === true))
          throw misuse(
            "which rejects?",
            `Name them by number (\`${context.suggest("rejects list", [sync])}\`), or say \`--all\`.`,
          );
        return withLibrary(context, async (evenkeel) => {
          const { reportRun } = await import("../run-report.ts");
          const { signal } = context.host.interruption();
          const options = { signal, ...(trace === undefined ? {} : { trace }) };
          const tried = (chosen: readonly number[] | undefined): Promise<number> => {
            const names = [sync, ...(chosen ?? []).map(String)];
            const which = all === true ? ["--all"] : [];
            const again: Again = () => [context.suggest("rejects retry", names, which), "does the same again"];
            return reportRun(evenkeel.retryRejects(sync, chosen, options), { again, isOfSome: true, signal }, context);
          };
          return all === true ? tried(undefined) : withRejects(evenkeel, { sync, ids: ids ?? [] }, context, tried);
        });
      }),
    );

const discard = (invocation: Invocation): Command =>
  new Command("discard")
    .description(
      "forget rejects; a record is tried again by the next run that reads it: with a cursor, when it has changed, or by a full refresh",
    )
    .argument("<sync>", "the sync")
    .argument("<id...>", "the rejects to forget", wholeNumbers(1))
    .addHelpText("after", examples(["evenkeel rejects discard products 12", "reject 12 is forgotten"]))
    .action((sync: string, ids: readonly number[], _flags: object, command: Command) =>
      invocation.act(command, (context: Context) =>
        withState(context, async (state) => {
          const { counted } = await import("../amounts.ts");
          return withRejects(state, { sync, ids }, context, async (known) => {
            const discarded = await state.discardRejects(sync, known);
            context.printer.record({ type: "discarded", sync, rejects: discarded });
            context.printer.result(`${counted(discarded, "reject")} discarded`);
            return EXIT.level;
          });
        }),
      ),
    );
