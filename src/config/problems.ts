import type { z } from "zod";
import { EvenkeelError } from "../core/errors.ts";
import type { Document, Problem } from "./document.ts";
import { pathText } from "./document.ts";
import type { LeafDetails } from "./leaf.ts";
import { namesOf, nearest } from "./nearest.ts";

/** What the schema found wrong, in words and with its place in the file. */
export function problemsOf(error: z.ZodError, document: Document): readonly Problem[] {
  return error.issues.flatMap((issue) => problemsOfIssue(issue as z.core.$ZodIssue, document));
}

function problemsOfIssue(issue: z.core.$ZodIssue, document: Document): readonly Problem[] {
  const path = issue.path as (string | number)[];
  const where = pathText(path);
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(key, issue, path, document));
  if (issue.code === "invalid_union") return unionProblems(issue, document);
  const details = (issue.code === "custom" ? issue.params : undefined) as LeafDetails | undefined;
  const source = details?.quote === true ? document.sourceOf(path) : undefined;
  const next =
    source === undefined
      ? details?.next
      : `To YAML that is a map or a list; an expression stands in quotes: \`"${source}"\`.`;
  const place = document.placeOf(path, details?.offset === undefined ? {} : { offset: details.offset });
  const message = `${where === "" ? "the config" : where} ${wordsOf(issue)}`;
  return [{ code: details?.code ?? "CONFIG_INVALID", message, place, path, ...(next === undefined ? {} : { next }) }];
}

function unknownKey(
  key: string,
  issue: z.core.$ZodIssueUnrecognizedKeys,
  path: (string | number)[],
  document: Document,
): Problem {
  // The schema's maps carry their names in the message.
  const known = issue.message.split(" ");
  const meant = nearest(key, known);
  const whole = [...path, key];
  return {
    code: "CONFIG_INVALID",
    message: `${pathText(whole)} is not a key${path.length === 0 ? "" : ` of \`${pathText(path)}\``}`,
    next:
      meant === undefined
        ? `Known here: ${namesOf(known.filter((name) => name !== "$schema"))}.`
        : `Did you mean \`${meant}\`?`,
    place: document.placeOf(whole, { key: true }),
    path: whole,
  };
}

/** Of the ways to read a value, the one that got furthest says best what is wrong. */
function unionProblems(issue: z.core.$ZodIssueInvalidUnion, document: Document): readonly Problem[] {
  const path = issue.path as (string | number)[];
  const branches = issue.errors.map((issues) =>
    issues.flatMap((inner) =>
      problemsOfIssue({ ...inner, path: [...path, ...inner.path] } as z.core.$ZodIssue, document),
    ),
  );
  const depth = (problems: readonly Problem[]): number =>
    Math.max(0, ...problems.map((problem) => problem.path.length));
  const best = branches
    .filter((problems) => problems.length > 0)
    .toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)[0];
  if (best !== undefined) return best;
  return [
    { code: "CONFIG_INVALID", message: `${pathText(path)} ${issue.message}`, place: document.placeOf(path), path },
  ];
}

function wordsOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "custom") return issue.message;
  if (issue.code === "invalid_type")
    return issue.input === undefined
      ? "is missing"
      : `should be ${issue.expected === "object" || issue.expected === "record" ? "a map" : `a ${issue.expected}`}`;
  if (issue.code === "invalid_value") return `should be ${namesOf(issue.values.map(String))}`;
  if (issue.code === "invalid_key") return `has a name that cannot be used: ${issue.issues[0]?.message ?? ""}`;
  return issue.message.startsWith("is ") ? issue.message : `is not valid: ${issue.message}`;
}

/** One error that lists every problem; the first one gives its code and place. */
export function configError(file: string, problems: readonly Problem[]): EvenkeelError {
  const first = problems[0] as Problem;
  if (problems.length === 1)
    return new EvenkeelError(first.code, first.message, {
      place: first.place,
      ...(first.next === undefined ? {} : { next: first.next }),
    });
  const lines = problems.map(
    ({ place, message, next }) => `  ${placeText(place)} ${message}${next === undefined ? "" : ` - ${next}`}`,
  );
  return new EvenkeelError(first.code, `${file} has ${problems.length} problems\n${lines.join("\n")}`, {
    place: first.place,
  });
}

const placeText = ({ line, column }: Problem["place"]): string => (line === undefined ? "" : `${line}:${column ?? 1}:`);
