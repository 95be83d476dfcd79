import { EvenkeelError } from "../core/errors.ts";

/** As the environment has them; RFC 9110 knows of no such names, and everybody uses them. */
export interface ProxyOptions {
  readonly httpProxy: URL | undefined;
  readonly httpsProxy: URL | undefined;
  /** Hosts that are reached directly, with commas between them. */
  readonly noProxy: string | undefined;
}

/** `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in either spelling; the small one wins, as with curl. Throws USAGE for what is no proxy's address. */
export function proxyOf(env: Readonly<Record<string, string | undefined>>): ProxyOptions {
  const named = (name: string): readonly [name: string, value: string] | undefined => {
    const found = [name.toLowerCase(), name].find((each) => env[each] !== undefined);
    const value = found === undefined ? undefined : env[found]?.trim();
    return found === undefined || value === undefined || value === "" ? undefined : [found, value];
  };
  const proxy = (name: string): URL | undefined => {
    const given = named(name);
    return given && addressIn(...given);
  };
  return { httpProxy: proxy("HTTP_PROXY"), httpsProxy: proxy("HTTPS_PROXY"), noProxy: named("NO_PROXY")?.[1] };
}

const SCHEMES: ReadonlySet<string> = new Set(["http:", "https:", "socks5:", "socks:"]);

/** A proxy without a scheme is one of HTTP, as with curl. S6: what is wrong with it is said without its value, which may hold a password. */
function addressIn(name: string, value: string): URL {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`);
  if (
    url !== null &&
    SCHEMES.has(url.protocol) &&
    url.hostname !== "" &&
    url.search + url.hash === "" &&
    isLegible(url)
  )
    return url;
  throw new EvenkeelError("USAGE", `the variable \`${name}\` of the environment is no proxy's address`, {
    next: "Write it as http://proxy.example:3128, or http://NAME:PASSWORD@proxy.example:3128 with characters such as `#`, `/` and `%` as %23, %2F and %25.",
  });
}

function isLegible({ username, password }: URL): boolean {
  try {
    return decodeURIComponent(username + password) !== undefined;
  } catch {
    return false;
  }
}

/** Nothing came past this proxy, so no request left (R1). S6: it is named without the name and password that it is shown. */
export const stoppedAt = (proxy: URL, what: string, { cause, next = CHECK }: Stopped = {}): EvenkeelError =>
  new EvenkeelError("API_UNREACHABLE", `the proxy ${proxy.protocol}//${proxy.host} ${what}`, { next, cause });

interface Stopped {
  readonly cause?: unknown;
  readonly next?: string;
}

const CHECK =
  "Check `HTTP_PROXY` and `HTTPS_PROXY` of the environment; hosts that need no proxy are named in `NO_PROXY`.";

/** RFC 9110, 15.5.8. */
export const wantsName = (proxy: URL, what: string): EvenkeelError =>
  stoppedAt(proxy, what, {
    next: `Write the name and password that it wants into the variable: ${proxy.protocol}//NAME:PASSWORD@${proxy.host}.`,
  });
