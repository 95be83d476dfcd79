import { EvenkeelError } from "../core/errors.ts";
import type { Attempt } from "../core/outcome.ts";

/** The API answers 401, or there are no credentials to be shown to it: whoever gives them then says what to do. */
export function credentialsRefused(connection: string, made: Attempt, message: string): EvenkeelError {
  const next = adviceOf(made);
  const said =
    next === undefined ? `${connection} refuses the credentials` : `there are no credentials for ${connection}`;
  return new EvenkeelError("API_CREDENTIALS_REFUSED", `${said}: ${message}`, {
    next:
      next ??
      `Check the \`auth\` of connections.${connection} and the secret that it reads; then try again, nothing is lost.`,
    evidence: made.evidence,
  });
}

/** Nobody is there, or somebody on the way to it, who then is named with what to do. */
export function unreachableApi(connection: string, made: Attempt, message: string): EvenkeelError {
  const next = adviceOf(made);
  const said = next === undefined ? `${connection} cannot be reached` : `${connection} cannot be asked`;
  return new EvenkeelError("API_UNREACHABLE", `${said}: ${message}`, {
    next:
      next ?? `Check \`baseUrl\` of connections.${connection} and that the API is up; then try again, nothing is lost.`,
    evidence: made.evidence,
  });
}

/** Throws where nothing else could be asked either: nobody is there, or the credentials are refused. */
export function refuseUnusable(made: Attempt, connection: string): void {
  const { outcome } = made;
  if (outcome.kind === "not-sent") throw unreachableApi(connection, made, outcome.message);
  if (outcome.kind === "refused" && outcome.reason === "credentials")
    throw credentialsRefused(connection, made, outcome.message);
}

/** Nothing that was sent to it came through for so long. */
export function downApi(connection: string, made: Pick<Attempt, "evidence">, message: string): EvenkeelError {
  return new EvenkeelError("API_FAILED", `${connection} is down: ${message}`, {
    next: "Run again when the API is well; what is in doubt is kept and resolved first.",
    evidence: made.evidence,
  });
}

const adviceOf = ({ outcome }: Attempt): string | undefined => ("next" in outcome ? outcome.next : undefined);

export function askedToWait(
  connection: string,
  untilMs: number,
  made: Pick<Attempt, "evidence">,
  message: string,
): EvenkeelError {
  const until = isoSeconds(untilMs);
  // What was not even sent has no answer to be quoted; why it was not is the whole message.
  const isAnswer = made.evidence.answer !== undefined;
  const what = isAnswer ? `${connection} asks to wait until ${until}: ${message}` : `${message}, until ${until}`;
  return new EvenkeelError("API_THROTTLED", what, {
    next: "Try again after that time; `evenkeel state unblock` clears the wait when the API's answer was wrong.",
    evidence: made.evidence,
  });
}

/** A wall-clock time for people; times past what a Date can hold are shown as far as it goes. */
const isoSeconds = (ms: number): string => new Date(Math.min(ms, DATE_MAX_MS)).toISOString().replace(/\.\d+Z$/, "Z");

/** The last instant of a JavaScript Date (ECMA-262, 21.4.1.1). */
const DATE_MAX_MS = 8.64e15;
