import type { CompleteAnswer } from "./answer.ts";
import type { ApiRequest } from "./connection.ts";
import { targetOfUrl, type Target } from "./target.ts";

/** S2: reads follow at most so many redirects, within their origin. */
export const REDIRECTS_MAX = 5;

export type Redirect = { readonly ok: true; readonly target: Target } | { readonly ok: false; readonly reason: string };

/** Where a redirected request goes on, or why it does not (S2). */
export function redirectOf(answer: CompleteAnswer, request: ApiRequest, from: Target): Redirect {
  if (request.purpose === "write") return { ok: false, reason: "a write goes where it was meant to go or nowhere" };
  const { location } = answer.headers;
  const base = from.origin + from.path;
  if (location === undefined || !URL.canParse(location, base))
    return { ok: false, reason: "it names no usable Location" };
  const url = new URL(location, base);
  const target = targetOfUrl(url);
  if (target === undefined || target.origin !== from.origin) {
    const where = url.origin === "null" ? url.protocol : url.origin;
    return { ok: false, reason: `it leads to ${where}, another origin` };
  }
  // RFC 9110, 15.4.2 to 15.4.4: 301, 302 and 303 turn other methods into GET, which would ask something else.
  const keepsMethod = answer.status === 307 || answer.status === 308;
  if (!keepsMethod && request.method !== "GET" && request.method !== "HEAD")
    return { ok: false, reason: `a ${request.method} would become a GET` };
  return { ok: true, target };
}
