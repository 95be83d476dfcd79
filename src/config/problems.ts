import type { z } from "zod";
import { EvenkeelError, type Place, type Problem } from "../core/errors.ts";
import { pathText, valueAt, type Document, type Path } from "./document.ts";
import { found, MISSING, type LeafDetails } from "./leaf.ts";
import { namesOf, nearest } from "./nearest.ts";
import { NOT_YET } from "./values.ts";
import { quoted } from "./yaml-trap.ts";

type Issue = z.core.$ZodIssue;

/** What the schema found wrong, in words and with its place in the file. */
export function problemsOf(error: z.ZodError, document: Document): readonly Problem[] {
  return error.issues.flatMap((issue) => problemsOfIssue(issue as Issue, [], document));
}

/** One problem, with its place. `offset` counts characters within a text value. */
export function problemAt(document: Document, path: Path, says: string, details: LeafDetails = {}): Problem {
  const { code = "CONFIG_INVALID", next, offset } = details;
  return {
    code,
    message: `${path.length === 0 ? "the config" : `\`${pathText(path)}\``} ${says}`,
    ...(next === undefined ? {} : { next }),
    place: document.placeOf(path, offset === undefined ? {} : { offset }),
    path,
  };
}

function problemsOfIssue(issue: Issue, above: Path, document: Document): readonly Problem[] {
  const path: Path = [...above, ...(issue.path as Path)];
  const value = valueAt(document.value, path);
  switch (issue.code) {
    case "unrecognized_keys":
      // The schema's maps carry the names that they know in the message.
      return issue.keys.map((key) => unknownKey(key, issue.message.split(" "), path, document));
    case "invalid_union":
      return unionProblems(issue, path, document);
    case "invalid_key":
      return [
        {
          ...problemAt(document, path, issue.issues[0]?.message ?? "is not a name"),
          place: document.placeOf(path, { key: true }),
        },
      ];
    case "invalid_type":
      return [
        problemAt(
          document,
          path,
          value === undefined ? MISSING : `takes ${TYPES[issue.expected] ?? `a ${issue.expected}`}; ${found(value)}`,
        ),
      ];
    case "custom": {
      const details: LeafDetails = issue.params ?? {};
      const source = details.quote === true ? document.sourceOf(path) : undefined;
      const next = source === undefined ? details.next : `Write it in quotes: \`${quoted(source)}\`.`;
      return [problemAt(document, path, issue.message, { ...details, ...(next === undefined ? {} : { next }) })];
    }
    default:
      return [problemAt(document, path, issue.message)];
  }
}

const TYPES: Readonly<Record<string, string>> = { object: "a map", record: "a map", array: "a list", string: "a text" };

function unknownKey(key: string, known: readonly string[], path: Path, document: Document): Problem {
  const meant = nearest(key, known);
  const whole = [...path, key];
  const next =
    meant === undefined
      ? `There are ${namesOf(known.filter((name) => name !== "$schema"))}.`
      : `Did you mean \`${meant}\`?`;
  const says = `is not a key of ${path.length === 0 ? "the config" : `\`${pathText(path)}\``}`;
  return { ...problemAt(document, whole, says, { next }), place: document.placeOf(whole, { key: true }) };
}

function unionProblems(issue: z.core.$ZodIssueInvalidUnion, path: Path, document: Document): readonly Problem[] {
  if ("discriminator" in issue && issue.discriminator !== undefined) {
    if (issue.message.includes(NOT_YET)) return [problemAt(document, path, `is not usable: ${issue.message}`)];
    const names = "options" in issue ? (issue.options ?? []).map(String) : [];
    const value = valueAt(document.value, path);
    if (value === undefined) return [problemAt(document, path, MISSING, { next: `There are ${namesOf(names)}.` })];
    const meant = typeof value === "string" ? nearest(value, names) : undefined;
    const next = meant === undefined ? `There are ${namesOf(names)}.` : `Did you mean \`${meant}\`?`;
    return [
      problemAt(
        document,
        path,
        typeof value === "string" ? `is \`${value}\`, which is not known` : `takes a text; ${found(value)}`,
        { next },
      ),
    ];
  }
  // The only other union is `auth`, whose last way is the declared one; the first is a function.
  const declared = issue.errors.at(-1) ?? [];
  return declared.flatMap((inner) => problemsOfIssue(inner, path, document));
}

/** One error that lists every problem, in the order of the file: `file:line:column: message`, one a line. */
export function configError(problems: readonly Problem[]): EvenkeelError {
  const ordered = problems.toSorted(
    (a, b) => (a.place.line ?? 0) - (b.place.line ?? 0) || (a.place.column ?? 0) - (b.place.column ?? 0),
  );
  const [first] = ordered;
  if (first === undefined) throw new TypeError("an error without a problem");
  const codes = new Set(ordered.map(({ code }) => code));
  const isOne = ordered.length === 1;
  const message = ordered
    .map(({ place, message: says, next: advice }) => {
      // One problem's advice is the error's; those of several stand with each.
      const inLine = advice === undefined || isOne ? "" : `. ${advice}`;
      return `${placeText(place)}: ${says}${inLine}`;
    })
    .join("\n");
  const next = isOne
    ? (first.next ?? "Correct it there; docs/config.md has every key.")
    : codes.has("CONFIG_SECRET_MISSING") && codes.size === 1
      ? "Set them there, and try again."
      : "Correct them there; docs/config.md has every key.";
  // The message has the places already, so the error itself names none: whoever prints it would show the first one twice.
  return new EvenkeelError(codes.size === 1 ? first.code : "CONFIG_INVALID", message, { problems: ordered, next });
}

/** `evenkeel.yaml:12:7`. */
function placeText({ file, line, column }: Place): string {
  return line === undefined ? file : `${file}:${line}:${column ?? 1}`;
}
