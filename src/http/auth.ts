import { EvenkeelError } from "../core/errors.ts";
import type { Evidence, Outcome } from "../core/outcome.ts";
import { kindOf } from "../core/url-value.ts";

/** What credentials add to a request. Header names are in lower case. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}

/** A way to prove who asks. `apply` is called once for each attempt, at the one place where credentials are attached (S3). */
export interface Auth {
  /** Throws EvenkeelError `API_CREDENTIALS_REFUSED` when there are none to be had. */
  apply(): Credentials | Promise<Credentials>;
  /**
   * New credentials in the place of those that were answered 401, fetched unless that has happened since; false when there are none to be had. Absent
   * where credentials do not change.
   */
  readonly refresh?: (refused: Credentials) => Promise<boolean>;
  /** Values to be redacted everywhere (S6); what only `apply` gives is redacted by whoever calls it. */
  readonly secrets: readonly string[];
  /** Tells lanes apart: requests with different credentials have different limits. May hold secrets. */
  readonly identity: string;
}

export type HeadersFunction = () => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;

export type AuthOptions =
  | { readonly type: "none" }
  | { readonly type: "bearer"; readonly token: string }
  | { readonly type: "basic"; readonly username: string; readonly password: string }
  | { readonly type: "header"; readonly name: string; readonly value: string }
  | { readonly type: "query"; readonly name: string; readonly value: string }
  | { readonly type: "function"; readonly headers: HeadersFunction };

export function createAuth(options: AuthOptions): Auth {
  switch (options.type) {
    case "none":
      return fixed({}, {}, []);
    case "bearer":
      return fixed({ authorization: `Bearer ${options.token}` }, {}, [options.token]);
    case "basic": {
      // RFC 7617, 2.1: UTF-8, and no colon in the user's name.
      const pair = Buffer.from(`${options.username}:${options.password}`, "utf8").toString("base64");
      return fixed({ authorization: `Basic ${pair}` }, {}, [options.password, pair]);
    }
    case "header":
      return fixed({ [options.name.toLowerCase()]: options.value }, {}, [options.value]);
    case "query":
      return fixed({}, { [options.name]: options.value }, [options.value]);
    case "function":
      return fromFunction(options.headers);
  }
}

function fixed(headers: Record<string, string>, query: Record<string, string>, secrets: readonly string[]): Auth {
  const credentials = { headers, query };
  return { apply: () => credentials, secrets, identity: JSON.stringify(credentials) };
}

let functions = 0;

/** The user's own code. What it gives changes, so its lane is told apart by the function itself. */
function fromFunction(headersOf: HeadersFunction): Auth {
  functions += 1;
  const identity = `function ${functions}`;
  const apply = async (): Promise<Credentials> => {
    let headers: Readonly<Record<string, string>>;
    try {
      headers = await headersOf();
    } catch (error) {
      throw refusedCredentials(
        `the \`auth\` function failed: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error, next: "Mend it, or what it asks; then run again, nothing is lost." },
      );
    }
    if (!isRecord(headers))
      throw refusedCredentials(`the \`auth\` function gives ${nameOf(headers)}, not headers`, { next: WANTED });
    const entries = Object.entries(headers);
    const wrong = entries.find(([, value]) => typeof value !== "string");
    if (wrong !== undefined)
      throw refusedCredentials(`the \`auth\` function gives ${wrong[0]} as ${nameOf(wrong[1])}, not as a text`, {
        next: WANTED,
      });
    return { headers: Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value])), query: {} };
  };
  // It is called for each attempt, so the one after a 401 has what it gives then.
  return { apply, refresh: async () => true, secrets: [], identity };
}

const WANTED = 'It must return an object of header names and values, such as `{ Authorization: "Bearer ..." }`.';

/** Whatever a function gives: names and values are those of an object's own members, which a list, a `Map` and `Headers` have not. */
const isRecord = (given: unknown): given is Readonly<Record<string, unknown>> =>
  typeof given === "object" && given !== null && !(Symbol.iterator in given);

/** What it is, and never what is in it, which may be a secret. */
const nameOf = (given: unknown): string => {
  if (given === undefined) return "nothing";
  if (typeof given === "number" || typeof given === "boolean") return `a ${typeof given}`;
  return typeof given === "object" && given !== null && !Array.isArray(given)
    ? `a ${given.constructor.name}`
    : kindOf(given);
};

/** S7: a header that cannot be sent; undefined where all can. A token endpoint, or a function, gives whatever it likes. */
export function unfitHeader({ headers }: Credentials): EvenkeelError | undefined {
  const unfit = Object.entries(headers).find(([name, value]) => !NAME.test(name) || !VALUE.test(value));
  if (unfit === undefined) return undefined;
  const [name] = unfit;
  const what = NAME.test(name)
    ? "has a line break or another character that no header can carry"
    : "has no header's name";
  return refusedCredentials(`the header ${JSON.stringify(name)} of the credentials ${what}`, {
    next: "Check what gives it: the `auth` function, the file or the token endpoint.",
  });
}

/** RFC 9110, 5.1 and 5.5. */
const NAME = /^[a-z0-9!#$%&'*+\-.^_`|~]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** There are no credentials to be had. */
export const refusedCredentials = (
  message: string,
  details: { readonly cause?: unknown; readonly next: string; readonly evidence?: Evidence },
): EvenkeelError => new EvenkeelError("API_CREDENTIALS_REFUSED", message, details);

/**
 * What it means for a request that there are no credentials for it: it was not sent, or refused where they were. Throws what is no API's doing, such
 * as a full disk.
 */
export function outcomeWithout(error: unknown): Outcome {
  const { code, message, next } = EvenkeelError.from(error);
  const advice = next === undefined ? {} : { next };
  // Whoever gives them out may only be down.
  if (code === "API_UNREACHABLE" || code === "API_FAILED") return { kind: "not-sent", message, ...advice };
  if (code === "API_CREDENTIALS_REFUSED")
    return { kind: "refused", status: 0, reason: "credentials", message, ...advice };
  throw error;
}
