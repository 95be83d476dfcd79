import { dirname, resolve } from "node:path";
import { parseEnv } from "node:util";

/**
 * Replaces every `${...}` of a text. With `secret`, what is put in is kept for redaction (S6). `escape` is applied to what is
 * put in, so that it stands for itself where the text is read further.
 */
export type Substitute = (text: string, secret: boolean, escape?: (value: string) => string) => Substituted;

export type Substituted =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly reason: string; readonly next?: string };

/** Reads a file as UTF-8; throws when it cannot. */
export type ReadText = (path: string) => string;

/**
 * What stands for a variable or file that is not there; undefined where its being missing is a problem. `secret` is said of what is in `auth`
 * or `headers`.
 */
export type Placeholder = (name: string, secret: boolean) => string | undefined;

export interface SecretSources {
  /** The config file; `.env` is looked for beside it, and `${file:...}` is relative to it. */
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readText: ReadText;
  readonly placeholder?: Placeholder;
}

export interface Secrets {
  readonly substitute: Substitute;
  /** Values that came from `${}` in `auth` or `headers` so far, longest first. */
  values(): readonly string[];
}

/** `$${` stands for `${` itself; else a name with an optional default, or a file. */
const REFERENCE = /\$\$\{|\$\{([^}]*)\}?/g;
const NAME = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/**
 * Reads secrets from the environment, which wins, then from `.env`, and from files (S6). Nothing is read before it is asked for.
 */
export function createSecrets({ file, env, readText, placeholder }: SecretSources): Secrets {
  const kept = new Set<string>();
  let dotEnv: DotEnv | undefined;

  const variable = (name: string, otherwise: string | undefined, secret: boolean): Substituted => {
    dotEnv ??= readDotEnv(resolve(dirname(file), ".env"), readText);
    const value = own(env, name) ?? own(dotEnv.values, name);
    if (value !== undefined && value !== "") return { ok: true, value };
    if (otherwise !== undefined) return { ok: true, value: otherwise };
    const stands = placeholder?.(name, secret);
    if (stands !== undefined) return { ok: true, value: stands };
    const state = value === "" ? "is empty" : "is not set";
    const set = `\`export ${name}=...\`, or write \`${name}=...\` into that file`;
    return {
      ok: false,
      reason: `reads the variable \`${name}\`, which ${state}: neither in the environment nor in a file .env beside the config${unreadText(dotEnv)}`,
      // A default for a secret would put the secret into the file.
      next: secret ? `Say ${set}.` : `Say ${set}; or give it a default: \`\${${name}:-...}\`.`,
    };
  };

  const fromFile = (path: string, secret: boolean): Substituted => {
    try {
      // Editors and `echo` end a file with a line break that is no part of the secret.
      const text = readText(resolve(dirname(file), path)).replace(/\r?\n$/, "");
      return text === "" ? { ok: false, reason: `the file \`${path}\` is empty` } : { ok: true, value: text };
    } catch (error) {
      const stands = placeholder?.(path, secret);
      if (stands !== undefined) return { ok: true, value: stands };
      return {
        ok: false,
        reason: `the file \`${path}\` cannot be read (${error instanceof Error ? error.message : String(error)}); it is relative to the config file`,
      };
    }
  };

  const lookUp = (reference: string, secret: boolean): Substituted => {
    if (reference.startsWith("file:")) return fromFile(reference.slice("file:".length), secret);
    const [, name, otherwise] = NAME.exec(reference) ?? [];
    if (name === undefined)
      return {
        ok: false,
        reason: `\`\${${reference}}\` is not a variable: write \`\${NAME}\`, \`\${NAME:-default}\` or \`\${file:path}\`; \`$\${\` stands for the characters themselves`,
      };
    return variable(name, otherwise, secret);
  };

  return {
    substitute: (text, secret, escape) => {
      let problem: Substituted | undefined;
      const replaced = text.replace(REFERENCE, (matched, reference: string | undefined) => {
        if (reference === undefined) return "${";
        const value: Substituted = matched.endsWith("}")
          ? lookUp(reference, secret)
          : { ok: false, reason: "a `${` without its `}`; `$${` stands for the characters themselves" };
        if (!value.ok) {
          problem ??= value;
          return "";
        }
        if (secret && value.value !== "") kept.add(value.value);
        return escape === undefined ? value.value : escape(value.value);
      });
      return problem ?? { ok: true, value: replaced };
    },
    values: () => [...kept].sort((a, b) => b.length - a.length),
  };
}

interface DotEnv {
  readonly values: Readonly<Record<string, string | undefined>>;
  /** Numbers of lines that set nothing. */
  readonly unread: readonly number[];
}

function readDotEnv(path: string, readText: ReadText): DotEnv {
  try {
    const text = readText(path);
    return { values: parseEnv(text), unread: unreadLines(text) };
  } catch {
    // Most configs have no .env; a variable that it should have held is named with the place where it is wanted.
    return { values: {}, unread: [] };
  }
}

const SETS = /^\s*(?:export\s+)?[\w.-]+\s*=\s*(["'`])?/;

/** Lines that are neither empty, nor a comment, nor an assignment, nor a part of a quoted value that goes over several. */
function unreadLines(text: string): readonly number[] {
  const unread: number[] = [];
  let open: string | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (open !== undefined) {
      if (line.includes(open)) open = undefined;
      continue;
    }
    const sets = SETS.exec(line);
    if (sets === null && !/^\s*(?:#|$)/.test(line)) unread.push(index + 1);
    const [start = "", quote] = sets ?? [];
    if (quote !== undefined && !line.slice(start.length).includes(quote)) open = quote;
  }
  return unread;
}

/** Never what stands there: a line that is not understood may hold a secret. */
function unreadText({ unread }: DotEnv): string {
  if (unread.length === 0) return "";
  const lines = unread.slice(0, LINES_MAX).join(", ") + (unread.length > LINES_MAX ? ", ..." : "");
  return unread.length === 1
    ? `, whose line ${lines} is no \`NAME=value\``
    : `, whose lines ${lines} are no \`NAME=value\``;
}

/** Lines that a message names. */
const LINES_MAX = 5;

const own = (values: Readonly<Record<string, string | undefined>>, name: string): string | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined;
