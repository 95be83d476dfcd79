import type { Reject } from "../core/reject.ts";
import { count } from "./amounts.ts";
import type { Context } from "./context.ts";
import { rejectText } from "./record-report.ts";

type Listed = Reject & { readonly sync: string };

/** Lists rejects, of each sync and code the first ones; a program gets them all. */
export async function listRejects(rejects: AsyncIterable<Listed>, shownMax: number, context: Context): Promise<void> {
  const { printer, host, suggest } = context;
  const { signal } = host.interruption();
  const met = new Map<string, number>();
  let first: Listed | undefined;
  for await (const reject of rejects) {
    if (signal.aborted) break;
    first ??= reject;
    const code = `${reject.sync}: ${reject.code}`;
    const number = (met.get(code) ?? 0) + 1;
    met.set(code, number);
    printer.record({ type: "reject", ...reject });
    if (number <= shownMax) printer.result(rejectText(reject, context));
    await printer.drained();
  }
  for (const [code, number] of met)
    if (number > shownMax) printer.result(`… and ${count(number - shownMax)} more of ${code} (\`--all\` lists them)`);
  if (first === undefined) printer.note("Nothing is rejected or invalid.");
  else if (!printer.isQuiet)
    printer.say(`\n\`${suggest("rejects show", [first.sync, String(first.id)])}\` shows request, answer and record.`);
}
