import { EvenkeelError } from "../core/errors.ts";
import type { Attempt } from "../core/outcome.ts";

export function credentialsRefused(
  connection: string,
  made: Pick<Attempt, "evidence">,
  message: string,
): EvenkeelError {
  return new EvenkeelError("API_CREDENTIALS_REFUSED", `${connection} refuses the credentials: ${message}`, {
    next: `Check the \`auth\` of connections.${connection} and the secret that it reads; then run again, nothing is lost.`,
    evidence: made.evidence,
  });
}

export function unreachableApi(connection: string, made: Pick<Attempt, "evidence">, message: string): EvenkeelError {
  return new EvenkeelError("API_UNREACHABLE", `${connection} cannot be reached: ${message}`, {
    next: `Check \`baseUrl\` of connections.${connection} and that the API is up; then run again, nothing is lost.`,
    evidence: made.evidence,
  });
}

export function askedToWait(
  connection: string,
  untilMs: number,
  made: Pick<Attempt, "evidence">,
  message: string,
): EvenkeelError {
  return new EvenkeelError("API_THROTTLED", `${connection} asks to wait until ${isoSeconds(untilMs)}: ${message}`, {
    next: "Run again after that time; `evenkeel state unblock` clears the wait when the API's answer was wrong.",
    evidence: made.evidence,
  });
}

/** A wall-clock time for people; times past what a Date can hold are shown as far as it goes. */
const isoSeconds = (ms: number): string => new Date(Math.min(ms, DATE_MAX_MS)).toISOString().replace(/\.\d+Z$/, "Z");

/** The last instant of a JavaScript Date (ECMA-262, 21.4.1.1). */
const DATE_MAX_MS = 8.64e15;
