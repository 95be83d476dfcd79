import { numberOption, type CommandContext } from "../context.ts";
import { runDemo } from "../demo/demo.ts";

/** `evenkeel demo` */
export async function demo({ terminal, options, interruption }: CommandContext): Promise<number> {
  const records = numberOption("--records", options["records"]) ?? 2_000;
  const seed = numberOption("--seed", options["seed"]) ?? 1;
  return runDemo({ records: Math.max(20, records), seed, terminal, signal: interruption.signal });
}
