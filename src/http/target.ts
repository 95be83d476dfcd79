/** Where a request goes: an origin and the rest of the address. */
export interface Target {
  readonly origin: string;
  /** Path and query, without fragment; visible ASCII. */
  readonly path: string;
}

/** What a path may hold without being parsed: visible ASCII without `#`, and without `\`, which some read as `/`. */
const PLAIN_PATH = /^\/[!"$-[\]-~]*$/;

/**
 * Splits an absolute URL. Most have their connection's own origin and need no parsing; every other one, `https://api.example@evil.example/`
 * among them, is parsed as browsers do. Undefined when it is no `http` or `https` URL, or names a user.
 *
 * @param origin of the connection
 */
export function targetOf(url: string, origin: string): Target | undefined {
  if (url.startsWith(origin)) {
    const path = url.slice(origin.length);
    if (PLAIN_PATH.test(path)) return { origin, path };
  }
  return URL.canParse(url) ? targetOfUrl(new URL(url)) : undefined;
}

export function targetOfUrl(url: URL): Target | undefined {
  if ((url.protocol !== "https:" && url.protocol !== "http:") || url.username !== "" || url.password !== "")
    return undefined;
  return { origin: url.origin, path: url.pathname + url.search };
}

/** The path with these query parameters set, in the place of parameters of the same names. */
export function withQuery(path: string, query: Readonly<Record<string, string>>): string {
  const names = Object.keys(query);
  if (names.length === 0) return path;
  const at = path.indexOf("?");
  const kept = (at < 0 ? [] : path.slice(at + 1).split("&")).filter((pair) => {
    const name = pair.slice(0, pair.indexOf("=") < 0 ? undefined : pair.indexOf("="));
    return pair !== "" && !names.includes(decoded(name));
  });
  const added = names.map((name) => `${encodeURIComponent(name)}=${encodeURIComponent(query[name] as string)}`);
  return `${at < 0 ? path : path.slice(0, at)}?${[...kept, ...added].join("&")}`;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch {
    return name;
  }
}
