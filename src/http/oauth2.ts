import * as oauth from "oauth4webapi";
import type { Clock } from "../core/clock.ts";
import { EvenkeelError } from "../core/errors.ts";
import { sha256 } from "../core/fingerprint.ts";
import type { TokenStore } from "../core/token-store.ts";
import { refusedCredentials, type Auth } from "./auth.ts";
import type { Connection } from "./connection.ts";
import { RenewedToken, type Token } from "./renewed-token.ts";

export interface OAuth2Options {
  readonly grant: "clientCredentials" | "refreshToken";
  readonly tokenUrl: string;
  readonly clientId: string;
  /** Undefined for a public client. */
  readonly clientSecret: string | undefined;
  readonly clientAuth: "basic" | "post";
  readonly scope: string | undefined;
  readonly params: Readonly<Record<string, string>>;
  /** The first one; undefined for client credentials. */
  readonly refreshToken: string | undefined;
}

export interface OAuth2Ports {
  readonly clock: Clock;
  readonly store: TokenStore;
  /** Sends requests to the token endpoint, through a lane of their own (L1). */
  readonly exchange: Connection["exchange"];
}

/** How long a token may wait for its lane, and be asked for, ms. */
const PATIENCE_MS = 60_000;

/** RFC 6749: a token for the client itself (4.4), or for a refresh token (6), which may be replaced each time. */
export function createOAuth2(options: OAuth2Options, ports: OAuth2Ports): Auth {
  const { tokenUrl, clientId, clientSecret, clientAuth, grant, scope, params, refreshToken = "" } = options;
  const server = { issuer: new URL(tokenUrl).origin, token_endpoint: tokenUrl };
  const client = { client_id: clientId };
  const shows =
    clientSecret === undefined
      ? oauth.None()
      : clientAuth === "basic"
        ? oauth.ClientSecretBasic(clientSecret)
        : oauth.ClientSecretPost(clientSecret);
  const sending = {
    [oauth.customFetch]: (url: string, request: Sent) => fetchWith(ports, url, request),
    // Whether an address may be without TLS is for whoever declares it.
    [oauth.allowInsecureRequests]: tokenUrl.startsWith("http:"),
    additionalParameters: { ...params, ...(scope === undefined ? {} : { scope }) },
  };
  const kept = sha256(JSON.stringify([tokenUrl, clientId, refreshToken]));

  const byClient = async (): Promise<oauth.TokenEndpointResponse> => {
    const { additionalParameters, ...rest } = sending;
    const answer = await oauth.clientCredentialsGrantRequest(server, client, shows, additionalParameters, rest);
    return oauth.processClientCredentialsResponse(server, client, answer);
  };
  /** A refresh token that could not be saved yet. */
  let unsaved: string | undefined;
  /** One process after the other: each takes the token that the one before it was given. */
  const byRefreshToken = (): Promise<oauth.TokenEndpointResponse> =>
    ports.store.hold(kept, async ({ read, write }) => {
      const save = async (): Promise<void> => {
        if (unsaved !== undefined) await write(unsaved);
        unsaved = undefined;
      };
      await save();
      const current = (await read()) ?? refreshToken;
      const answer = await oauth.refreshTokenGrantRequest(server, client, shows, current, sending);
      const given = await oauth.processRefreshTokenResponse(server, client, answer);
      // The old one may be worth nothing any more: whatever happens next, the new one must not be lost.
      if (given.refresh_token !== undefined && given.refresh_token !== current) {
        unsaved = given.refresh_token;
        await save();
      }
      return given;
    });
  const fetch = async (): Promise<Token> => {
    try {
      const { access_token, expires_in } = await (grant === "clientCredentials" ? byClient() : byRefreshToken());
      return { value: access_token, lifetimeMs: expires_in === undefined ? undefined : expires_in * 1_000 };
    } catch (error) {
      throw error instanceof EvenkeelError ? error : refusedBy(tokenUrl, error);
    }
  };
  const token = new RenewedToken(fetch, ports.clock);
  return {
    apply: () => token.credentials(),
    refresh: (refused) => token.renew(refused),
    secrets: [clientSecret, refreshToken].filter((secret) => secret !== undefined && secret !== "") as string[],
    identity: JSON.stringify([tokenUrl, clientId, grant, scope, params, refreshToken]),
  };
}

interface Sent {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** The token endpoint's answer. Throws `API_UNREACHABLE` or `API_FAILED` where there is none that says anything of the credentials. */
async function fetchWith({ exchange }: OAuth2Ports, url: string, { method, headers, body }: Sent): Promise<Response> {
  const request = {
    method,
    url,
    headers,
    body: String(body),
    purpose: "write",
    repeatable: true,
    keyHeader: undefined,
  } as const;
  const { attempt, answer } = await exchange(request, { signal: NEVER, patienceMs: PATIENCE_MS });
  const { outcome } = attempt;
  const where = new URL(url).host;
  const status = answer?.status ?? 0;
  if (answer === undefined || status === 429 || status >= 500) {
    const message = outcome.kind === "applied" ? String(status) : outcome.message;
    const code = answer === undefined ? "API_UNREACHABLE" : "API_FAILED";
    throw new EvenkeelError(code, `no token from ${where}: ${message}`, { evidence: attempt.evidence });
  }
  return new Response(answer.text === "" ? null : answer.text, { status, headers: { ...answer.headers } });
}

const NEVER = new AbortController().signal;

/** What the endpoint says, in its own words (RFC 6749, 5.2). */
function refusedBy(tokenUrl: string, error: unknown): EvenkeelError {
  const said =
    error instanceof oauth.ResponseBodyError
      ? [error.error, error.error_description].filter((part) => part !== undefined).join(": ")
      : (error as Error).message;
  return refusedCredentials(`no token from ${new URL(tokenUrl).host}: ${said}`, {
    cause: error,
    next: "Check `tokenUrl`, `clientId`, `clientSecret` and `scope`; a refresh token that was used elsewhere must be replaced.",
  });
}
