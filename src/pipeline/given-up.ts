import type { Attempt } from "../core/outcome.ts";
import type { Next } from "../core/retry.ts";
import { askedToWait, credentialsRefused, downApi, unreachableApi } from "./api-errors.ts";
import type { RunContext } from "./context.ts";

/** What a request to the destination can say of all that follow it, writes and look-ups alike: each may end the run, and nothing is lost by it. */

/** Ends the run when the destination is down for longer than it is worth waiting for: what was not sent goes with a later run. */
export function noteOutage(made: Attempt, context: RunContext): void {
  const { outcome } = made;
  const down = context.outage?.note(outcome, context.ports.clock.monotonicMs());
  if (down === undefined) return;
  const { connection } = context.sync.destination;
  const giveUp = down === "unreachable" ? unreachableApi : downApi;
  context.fail(giveUp(connection, made, outcomeText(made)));
}

/** R2: with the credentials that are refused, nothing else goes either. */
export function noteRefusedCredentials(
  { message }: Extract<Next, { kind: "stop" }>,
  made: Attempt,
  context: RunContext,
): void {
  context.fail(credentialsRefused(context.sync.destination.connection, made, message));
}

/** It asks to wait for longer than a run waits, or nobody is there. */
export function noteHold(
  { notBeforeMs, message }: Extract<Next, { kind: "hold" }>,
  made: Attempt,
  context: RunContext,
): void {
  const { connection } = context.sync.destination;
  if (notBeforeMs !== undefined) context.fail(askedToWait(connection, notBeforeMs, made, message));
  // One that waits for its turn says nothing of the API.
  else if (made.outcome.kind === "not-sent" && made.outcome.retryAfterMs === undefined)
    context.fail(unreachableApi(connection, made, message));
}

export const outcomeText = ({ outcome }: Attempt): string => (outcome.kind === "applied" ? "" : outcome.message);
