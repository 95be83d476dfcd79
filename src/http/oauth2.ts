import * as oauth from "oauth4webapi";
import type { Clock } from "../core/clock.ts";
import { EvenkeelError } from "../core/errors.ts";
import { sha256 } from "../core/fingerprint.ts";
import type { Json } from "../core/json.ts";
import type { Evidence } from "../core/outcome.ts";
import type { TokenStore } from "../core/token-store.ts";
import { refusedCredentials, type Auth } from "./auth.ts";
import type { Answer, Connection } from "./connection.ts";
import type { Redactor } from "./redact.ts";
import { RenewedToken, type Token } from "./renewed-token.ts";
import { nextRefreshToken, refusalIn, tokenIn, type TokenReading } from "./token-answer.ts";
import { wordsIn } from "./words.ts";

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
  readonly redactor: Pick<Redactor, "learn">;
}

/** How long a token may wait for its lane, and be asked for, ms. */
const PATIENCE_MS = 60_000;

/** RFC 6749: a token for the client itself (4.4), or for a refresh token (6), which may be replaced each time. */
export function createOAuth2(options: OAuth2Options, ports: OAuth2Ports): Auth {
  const { tokenUrl, clientId, clientSecret, clientAuth, grant, scope, params, refreshToken = "" } = options;
  const { learn } = ports.redactor;
  const server = { issuer: new URL(tokenUrl).origin, token_endpoint: tokenUrl };
  const client = { client_id: clientId };
  const shows =
    clientSecret === undefined
      ? oauth.None()
      : clientAuth === "basic"
        ? oauth.ClientSecretBasic(clientSecret)
        : oauth.ClientSecretPost(clientSecret);
  const further = { ...params, ...(scope === undefined ? {} : { scope }) };
  const kept = sha256(JSON.stringify([tokenUrl, clientId, refreshToken]));

  const byClient = async (): Promise<Token> =>
    tokenOf(
      await ask(ports, tokenUrl, (sending) =>
        oauth.clientCredentialsGrantRequest(server, client, shows, further, sending),
      ),
    );
  /** A refresh token that could not be saved yet. */
  let unsaved: string | undefined;
  /** One process after the other: each takes the token that the one before it was given. */
  const byRefreshToken = (): Promise<Token> =>
    ports.store.hold(kept, async ({ read, write }) => {
      const save = async (): Promise<void> => {
        if (unsaved !== undefined) await write(unsaved);
        unsaved = undefined;
      };
      await save();
      const current = (await read()) ?? refreshToken;
      learn(current);
      const told = await ask(ports, tokenUrl, (sending) =>
        oauth.refreshTokenGrantRequest(server, client, shows, current, { ...sending, additionalParameters: further }),
      );
      // The old one may be worth nothing any more: whatever else the answer says and whatever happens next, the new one must not be lost.
      const next = isSuccess(told) ? nextRefreshToken(told.body) : undefined;
      if (next !== undefined && next !== current) {
        learn(next);
        unsaved = next;
        await save();
      }
      return tokenOf(told);
    });
  const fetch = async (): Promise<Token> => {
    const token = await (grant === "clientCredentials" ? byClient() : byRefreshToken());
    learn(token.value);
    return token;
  };
  const token = new RenewedToken(fetch, ports.clock);
  return {
    apply: () => token.credentials(),
    refresh: (refused) => token.renew(refused),
    secrets: [clientSecret, refreshToken].filter((secret) => secret !== undefined && secret !== "") as string[],
    identity: JSON.stringify([tokenUrl, clientId, grant, scope, params, refreshToken]),
  };
}

type Sending = oauth.TokenEndpointRequestOptions;

/** What the token endpoint answered. */
interface Told {
  readonly tokenUrl: string;
  readonly answer: Answer;
  /** Undefined where it is no JSON. */
  readonly body: Json | undefined;
  /** What it comes to, in words. */
  readonly message: string;
  readonly evidence: Evidence;
}

/**
 * Sends a request that oauth4webapi composes; what is answered is not held to its rules, since a new refresh token may stand in any success.
 * Throws `API_UNREACHABLE` or `API_FAILED` where there is no answer that says anything of the credentials.
 */
async function ask(
  ports: OAuth2Ports,
  tokenUrl: string,
  compose: (sending: Sending) => Promise<unknown>,
): Promise<Told> {
  const told = Promise.withResolvers<Told>();
  const send = async (_url: string, request: Sent): Promise<Response> => {
    told.resolve(await answered(ports, tokenUrl, request));
    return new Response();
  };
  // Whether an address may be without TLS is for whoever declares it.
  const sending = { [oauth.customFetch]: send, [oauth.allowInsecureRequests]: tokenUrl.startsWith("http:") };
  await compose(sending);
  return told.promise;
}

interface Sent {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

async function answered({ exchange, redactor }: OAuth2Ports, tokenUrl: string, request: Sent): Promise<Told> {
  const { method, headers, body } = request;
  // The client's id and secret in one, which no other spelling of the secret covers.
  const shown = /^Basic (.+)$/.exec(headers["authorization"] ?? "")?.[1];
  if (shown !== undefined) redactor.learn(shown);
  const { attempt, answer } = await exchange(
    {
      method,
      url: tokenUrl,
      headers,
      body: String(body),
      purpose: "write",
      repeatable: true,
      keyHeader: undefined,
    },
    { signal: NEVER, patienceMs: PATIENCE_MS },
  );
  const { outcome, evidence } = attempt;
  const message = outcome.kind === "applied" ? String(outcome.status) : outcome.message;
  const status = answer?.status ?? 0;
  if (answer === undefined || status === 429 || status >= 500) {
    const next = ("next" in outcome ? outcome.next : undefined) ?? ENDPOINT_NEXT;
    const details = { evidence, next };
    throw answer === undefined
      ? new EvenkeelError("API_UNREACHABLE", `the token endpoint ${tokenUrl} cannot be reached: ${message}`, details)
      : new EvenkeelError("API_FAILED", `the token endpoint ${tokenUrl} gives no token: ${message}`, details);
  }
  const parsed = answer.json();
  return { tokenUrl, answer, body: parsed.ok ? parsed.value : undefined, message, evidence };
}

const NEVER = new AbortController().signal;

const ENDPOINT_NEXT = "Check `tokenUrl`, and that the endpoint is up; then run again, it goes on where it stopped.";

const isSuccess = ({ answer }: Told): boolean => answer.status >= 200 && answer.status < 300;

/** The token that was given. Throws what the endpoint says instead, in its own words. */
function tokenOf(told: Told): Token {
  const { tokenUrl, answer, body, message, evidence } = told;
  const reading = tokenIn(body);
  if (isSuccess(told) && reading.ok) return reading.token;
  const said = refusalIn(body) ?? (isSuccess(told) ? noToken(answer, reading) : message);
  throw refusedCredentials(`no token from ${new URL(tokenUrl).host}: ${said}`, {
    evidence,
    next: "Check `tokenUrl`, `clientId`, `clientSecret` and `scope`; a refresh token that was used elsewhere must be replaced.",
  });
}

/** Why a success is none. */
function noToken(answer: Answer, reading: TokenReading): string {
  const parsed = answer.json();
  if (!parsed.ok) return parsed.error.message;
  if (!reading.ok && reading.reason !== undefined) return reading.reason;
  const words = wordsIn(parsed.value);
  return words === undefined ? "the answer has no `access_token`" : `the answer has no \`access_token\`: ${words}`;
}
