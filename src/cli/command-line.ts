import { fileURLToPath } from "node:url";
import { ownFile } from "../own-package.ts";
import { escapeLine } from "./escape.ts";

/** Common options as they were given. */
export interface CommonOptions {
  readonly config?: string;
  readonly state?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** A command that can be copied from the output and does what it says, with the same config and state. */
export type Suggest = (command: string, names?: readonly string[], flags?: readonly string[]) => string;

/** Which config and which ledger a command is about. */
type Subject = Pick<CommonOptions, "config" | "state">;

/** The options that name them, where the user did. */
const subjectOptions = ({
  config,
  state,
}: Subject): readonly (readonly [flag: string, short: string, text: string])[] => [
  ...(config === undefined ? [] : [["--config", "-c", `--config ${quoted(config)}`] as const]),
  ...(state === undefined ? [] : [["--state", "--state", `--state ${quoted(state)}`] as const]),
];

export function suggestFor(subject: Subject): Suggest {
  const common = subjectOptions(subject).map(([, , text]) => text);
  return (command, names = [], flags = []) => {
    const words = names.map(quoted);
    // A key that looks like an option stands behind `--`, and everything else before it.
    if (names.some((name) => name.startsWith("-")))
      return ["evenkeel", command, ...flags, ...common, "--", ...words].join(" ");
    return ["evenkeel", command, ...words, ...flags, ...common].join(" ");
  };
}

/**
 * A text whose commands (`evenkeel ...` in back-ticks) name the same config and ledger as the user did, and whose pages are files that are there. The
 * engine writes commands without, and copied like that they would act on another ledger.
 */
export function completed(text: string, subject: Subject): string {
  const options = subjectOptions(subject);
  return text
    .replaceAll(PAGE, (_, page: string) => `${DOCUMENTATION}${page}`)
    .replaceAll(/`(evenkeel [^`]+)`/g, (_, command: string) => {
      const words = command.split(" ");
      if (words.includes("--help")) return `\`${command}\``;
      const missing = options.filter(([flag, short]) => !words.includes(flag) && !words.includes(short));
      // What looks like an option behind `--` is none.
      const end = words.indexOf("--");
      words.splice(end === -1 ? words.length : end, 0, ...missing.map(([, , option]) => option));
      return `\`${words.join(" ")}\``;
    });
}

/** Pages that the engine names as they stand in this package, which is nowhere in the user's folder. */
const PAGE = /(?<![\w/.-])docs\/([a-z]+\.md)\b/g;
const DOCUMENTATION = fileURLToPath(ownFile("docs/"));

/** A word for a shell: a key may hold spaces, quotes, or the name of another program. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${escapeLine(word).replaceAll("'", `'\\''`)}'`;
