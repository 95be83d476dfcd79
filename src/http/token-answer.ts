import { member, scalarText, type Json } from "../core/json.ts";
import type { Token } from "./renewed-token.ts";

/** Types of tokens that are worth nothing without a proof of their own (RFC 9449 and older drafts). */
const NEEDS_PROOF: ReadonlySet<string> = new Set(["dpop", "pop", "mac"]);

/** What a token endpoint gave, or why it is no use. */
export type TokenReading =
  | { readonly ok: true; readonly token: Token }
  /** Undefined where there is no word of it but the endpoint's own. */
  | { readonly ok: false; readonly reason: string | undefined };

/**
 * The token in an answer (RFC 6749, 5.1), of which endpoints give more and less than the standard says. Whatever type it is said to be (`bot` at
 * Slack, `BearerToken` at Apigee, none at all) it goes as a bearer token, unless that cannot be right. An `id_token` is nobody's here: nobody has
 * logged in.
 */
export function tokenIn(body: Json | undefined): TokenReading {
  const value = member(body, "access_token");
  if (typeof value !== "string" || value === "") return { ok: false, reason: undefined };
  const type = member(body, "token_type");
  if (typeof type === "string" && NEEDS_PROOF.has(type.toLowerCase()))
    return { ok: false, reason: `it gives a token of the type ${type}, and only bearer tokens can be used` };
  const lifetimeS = Number(scalarText(member(body, "expires_in")) ?? "");
  // Nothing, and what cannot be true, says nothing of its life: it is good until it is refused.
  const isSaid = lifetimeS > 0 && Number.isFinite(lifetimeS);
  return { ok: true, token: { value, lifetimeMs: isSaid ? lifetimeS * 1_000 : undefined } };
}

/** The refresh token that takes the place of the one that was shown (RFC 6749, 6), whatever else is wrong with the answer that it is in. */
export function nextRefreshToken(body: Json | undefined): string | undefined {
  const value = member(body, "refresh_token");
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** `invalid_grant: the token is too old` (RFC 6749, 5.2); undefined where the answer has no such words. */
export function refusalIn(body: Json | undefined): string | undefined {
  const error = member(body, "error");
  const description = member(body, "error_description");
  if (typeof error !== "string" || error === "") return undefined;
  return typeof description === "string" && description !== "" ? `${error}: ${description}` : error;
}
