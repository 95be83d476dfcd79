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

export function suggestFor({ config, state }: Pick<CommonOptions, "config" | "state">): Suggest {
  const common = [
    ...(config === undefined ? [] : ["--config", quoted(config)]),
    ...(state === undefined ? [] : ["--state", quoted(state)]),
  ];
  return (command, names = [], flags = []) => {
    const words = names.map(quoted);
    // A key that looks like an option stands behind `--`, and everything else before it.
    if (names.some((name) => name.startsWith("-")))
      return ["evenkeel", command, ...flags, ...common, "--", ...words].join(" ");
    return ["evenkeel", command, ...words, ...flags, ...common].join(" ");
  };
}

/** A word for a shell: a key may hold spaces, quotes, or the name of another program. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${escapeLine(word).replaceAll("'", `'\\''`)}'`;
