import { EvenkeelError } from "./core/errors.ts";
import { combineExitCodes, EXIT, exitCodeOf, type ExitCode } from "./core/exit-code.ts";
import { noCounts } from "./core/events.ts";
import type { Checked, SyncResult } from "./evenkeel.ts";
import type { runSync } from "./pipeline/run.ts";

/** One sync's run as a result: what keeps it from beginning is a failure like any other. */
export async function runOne(sync: string, run: () => ReturnType<typeof runSync>): Promise<SyncResult> {
  try {
    const { status, counts, durationMs, why, error } = await run();
    return { sync, status, counts, durationMs, why, error };
  } catch (thrown) {
    return failed(sync, EvenkeelError.from(thrown));
  }
}

/** A run that did not begin. */
export const failed = (sync: string, error: EvenkeelError): SyncResult => ({
  sync,
  status: "failed",
  counts: noCounts(),
  durationMs: 0,
  why: undefined,
  error,
});

export function exitCodeOfResult({ status, error }: SyncResult): ExitCode {
  if (error !== undefined) return exitCodeOf(error.code);
  return status === "level" ? 0 : status === "interrupted" ? 130 : 1;
}

/** Both sides agree, or do not, or not all of them was read; an error counts for what it is. */
export function checked(syncs: readonly Checked[]): { readonly syncs: readonly Checked[]; readonly exitCode: number } {
  const codes = syncs.map(({ error, missing, extra, different, invalid, unread }) => {
    if (error !== undefined) return exitCodeOf(error.code);
    if (missing + extra + different + invalid > 0) return EXIT.different;
    return unread.length > 0 ? EXIT.notLevel : EXIT.level;
  });
  return { syncs, exitCode: combineExitCodes(codes) };
}
