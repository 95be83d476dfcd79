import { EvenkeelError } from "./core/errors.ts";
import { escapeTemplate } from "./core/template.ts";
import { createRedactor } from "./http/redact.ts";

/** An address, taken apart as a config wants it. */
export interface DraftAddress {
  readonly baseUrl: string;
  /** `GET /products`. */
  readonly request: string;
  /** As a config writes it. */
  readonly query: Readonly<Record<string, readonly string[]>>;
  /** What the records are called, by the last word of the path. */
  readonly name: string;
}

/** Takes an address apart. Throws EvenkeelError USAGE for one that cannot be read, and for one that holds a secret. */
export function addressOf(text: string): DraftAddress {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw refused(
      `${JSON.stringify(text)} is no address of an API`,
      "Give the list's whole address: https://api.example.com/v1/products",
    );
  if (url.username !== "" || url.password !== "")
    throw refused(
      "the address holds a name or password, and no secret belongs into a config",
      "Leave it out of the address, and name the variables that hold it: --auth basic:USER_VARIABLE:PASSWORD_VARIABLE",
    );
  if (createRedactor([]).url(url.search) !== url.search) {
    const names = [...url.searchParams.keys()].filter((name) => {
      const part = `?${encodeURIComponent(name)}=secret`;
      return createRedactor([]).url(part) !== part;
    });
    const [name = "api_key"] = names;
    throw refused(
      `the address holds what looks like a secret, in \`${name}\`, and no secret belongs into a config`,
      `Leave it out of the address, put it into an environment variable, and name that: --auth query:${name}:VARIABLE`,
    );
  }
  const segments = url.pathname.split("/");
  // A slash at the end belongs to the request: some APIs want it, and redirect without it.
  const at = segments.at(-1) === "" ? segments.length - 2 : segments.length - 1;
  const query: Record<string, string[]> = {};
  for (const [name, value] of url.searchParams) (query[name] ??= []).push(queryValue(value));
  return {
    baseUrl: url.origin + segments.slice(0, Math.max(at, 1)).join("/"),
    request: `GET ${escapeTemplate(`/${segments.slice(Math.max(at, 1)).join("/")}`)}`,
    query,
    name: nameOf(segments[at] ?? ""),
  };
}

/** A name that needs no quotes in YAML, on a command line, or in an address. */
function nameOf(segment: string): string {
  const plain = segment
    .replaceAll(/%[0-9A-F]{2}/gi, "-")
    .replace(/\.\w{1,5}$/, "")
    .replaceAll(/[^A-Za-z0-9_-]+/g, "-")
    .replaceAll(/^[^A-Za-z]+|-+$/g, "");
  return plain === "" ? "records" : plain;
}

/** A value of a query, as the config writes it: braces and `${` stand for themselves. */
const queryValue = (text: string): string => escapeTemplate(text).replaceAll("${", "$${");

const refused = (message: string, next: string): EvenkeelError => new EvenkeelError("USAGE", message, { next });
