import type { Progress } from "../core/operation.ts";
import { parsePlain } from "./packed.ts";

/** JSON leaves out what is undefined. */
export function progressOf(stored: unknown): Progress {
  const { attempts, everUnknown, ...rest } = parsePlain<Partial<Progress>>(stored);
  return {
    attempts: attempts ?? 0,
    everUnknown: everUnknown ?? false,
    firstSentMs: rest.firstSentMs,
    lastSentMs: rest.lastSentMs,
    notBeforeMs: rest.notBeforeMs,
    staleUntilMs: rest.staleUntilMs,
    twinUntilMs: rest.twinUntilMs,
    lastMessage: rest.lastMessage,
  };
}
