import { escapeLine } from "./escape.ts";

/** Common options as they were given. */
export interface CommonOptions {
  readonly config?: string;
  readonly state?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color?: boolean;
}

/** A command that can be copied from the output and does what it says, with the same config and state. */
export type Suggest = (...words: readonly string[]) => string;

export function suggestFor({ config, state }: Pick<CommonOptions, "config" | "state">): Suggest {
  const options = [...(config === undefined ? [] : ["--config", config]), ...(state === undefined ? [] : ["--state", state])];
  return (...words) => ["evenkeel", ...words, ...options.map(quoted)].join(" ");
}

/** A word for a shell: a key may hold spaces, quotes, or the name of another program. */
export const quoted = (word: string): string => (/^[\w@%+=:,./][\w@%+=:,./-]*$/.test(word) ? word : `'${escapeLine(word).replaceAll("'", `'\\''`)}'`);

/** The names that belong after the options of a command; a name that looks like an option stands behind `--`. */
export const operands = (...names: readonly string[]): readonly string[] => [...(names.some((name) => name.startsWith("-")) ? ["--"] : []), ...names.map(quoted)];
