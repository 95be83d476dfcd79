/** What credentials add to a request. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}

/** A way to prove who asks. `apply` is called once for each attempt, at the one place where credentials are attached (S3). */
export interface Auth {
  apply(): Credentials | Promise<Credentials>;
  /** Values to be redacted everywhere (S6). */
  readonly secrets: readonly string[];
  /** Tells lanes apart: requests with different credentials have different limits. */
  readonly identity: string;
}

export type AuthOptions =
  | { readonly type: "none" }
  | { readonly type: "bearer"; readonly token: string }
  | { readonly type: "basic"; readonly username: string; readonly password: string }
  | { readonly type: "header"; readonly name: string; readonly value: string }
  | { readonly type: "query"; readonly name: string; readonly value: string }
  | {
      readonly type: "function";
      readonly headers: () => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
    };

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
      return {
        apply: async () => ({ headers: lowerCase(await options.headers()), query: {} }),
        secrets: [],
        identity: "function",
      };
  }
}

function fixed(headers: Record<string, string>, query: Record<string, string>, secrets: readonly string[]): Auth {
  const credentials = { headers, query };
  return { apply: () => credentials, secrets, identity: JSON.stringify(credentials) };
}

const lowerCase = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
