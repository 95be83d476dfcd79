import { EvenkeelError } from "./errors.ts";

/**
 * States an invariant where it holds, by the name of its rule.
 * Throws `INVARIANT` when it does not: a defect of ours, after which going on could lose or double a record.
 */
export function invariant(holds: boolean, rule: string, what: string): asserts holds {
  if (holds) return;
  throw new EvenkeelError("INVARIANT", `${rule} does not hold: ${what}`, {
    next: "Nothing more was sent. This is a defect in Evenkeel: please report it with this message.",
  });
}

/** For the default branch of a switch over a union: the compiler proves that it is never reached. */
export function unreachable(value: never): never {
  throw new EvenkeelError("INVARIANT", `unexpected ${JSON.stringify(value)}`);
}
