import * as z from "zod";
import { JWT_ALGORITHMS } from "../http/jwt.ts";
import type { AuthConfig, AuthFunction, ConnectionConfig } from "./config.ts";
import { expression, SEES } from "./expression-leaf.ts";
import { map, maybe } from "./leaf.ts";
import type { Values } from "./values.ts";

/** An HTTP API: base address, credentials, limits. */
export function connectionSchema(values: Values): z.ZodType<ConnectionConfig> {
  const { duration, integer } = values;
  const statuses = z.array(integer({ min: 400, max: 599 }));
  return map({
    baseUrl: values.baseUrl.describe(
      "The address that every path is appended to, such as `https://api.example.com/v1`.",
    ),
    auth: authSchema(values)
      .prefault({ type: "none" })
      .describe("How requests show who they are from. In TypeScript it may be a function that returns headers."),
    tls: map({
      ca: maybe(values.key).describe("Certificate authorities to be trusted besides the usual ones."),
      cert: maybe(values.key).describe("The client's certificate."),
      key: maybe(values.key).describe("Its private key."),
    })
      .prefault({})
      .describe("Certificates, as PEM: `${file:ca.pem}` reads a file. Verification cannot be turned off."),
    headers: z
      .record(z.string().regex(/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/, "is not a header's name"), values.headerValue)
      .prefault({})
      .describe("Headers of every request."),
    timeouts: map({
      connect: duration.prefault("5s").describe("Until the connection stands."),
      headers: duration.prefault("30s").describe("From there until the answer's headers are there."),
      idle: duration.prefault("30s").describe("Between two pieces of the answer's body."),
      total: duration.prefault("60s").describe("One attempt, all in all."),
    })
      .prefault({})
      .transform((given) => ({
        connectMs: given.connect,
        headersMs: given.headers,
        idleMs: given.idle,
        totalMs: given.total,
      }))
      .describe("How long an attempt may take."),
    retry: map({
      attempts: integer({ min: 1, max: 100 }).prefault(6).describe("Attempts of one request, the first included."),
      base: duration
        .prefault("500ms")
        .describe(
          "The first wait is at most this long; each next one twice as long. Twice that for throttled answers.",
        ),
      cap: duration.prefault("30s").describe("No wait is longer, unless the API asks for it with `Retry-After`."),
      deadline: duration.prefault("15m").describe("For one request, all attempts and waits together."),
      also: statuses.prefault([]).describe("Statuses that are tried again although they count as final."),
      never: statuses.prefault([]).describe("Statuses that are never tried again."),
    })
      .prefault({})
      .transform(({ base, cap, deadline, ...given }) => ({
        ...given,
        baseMs: base,
        throttledBaseMs: 2 * base,
        capMs: cap,
        deadlineMs: deadline,
      }))
      .describe("Which failures are tried again, and when."),
    limits: map({
      rate: maybe(values.rate).describe(
        "Requests in a time, such as `50/s` or `100/min`. When absent, it is what the API announces in its headers; where it announces nothing, it is learned from its refusals.",
      ),
      concurrency: maybe(integer({ min: 1, max: 1_000 })).describe(
        "Requests in flight at once. Follows the latency when absent, up to 64.",
      ),
      bodyBytes: values.bytes.prefault("32MiB").describe("The largest answer that is accepted, decoded."),
    })
      .prefault({})
      .transform(({ rate, concurrency, bodyBytes }) => ({ ratePerSecond: rate, concurrency, bodyBytes }))
      .describe("What is asked of the API at most."),
    answers: answersSchema(),
    lateWrite: duration.prefault("2m").describe("How long a request that was given up may still take effect."),
  }).transform(({ lateWrite, ...given }) => ({ ...given, lateWriteMs: lateWrite }));
}

function answersSchema(): z.ZodType<ConnectionConfig["answers"]> {
  const answer = maybe(expression(SEES.answer));
  return map({
    throttled: answer.describe(
      "\"Too fast\", where it is not a 429: `status = 403 and body.errorCode = 'REQUEST_LIMIT_EXCEEDED'`.",
    ),
    failed: answer.describe(
      "A failure that looks like a success: `status = 200 and body.error != null`. When absent, a GraphQL query fails where `errors` has any, and a POST to an address that ends with `/graphql` does, too.",
    ),
    missing: answer.describe(
      "What \"no such record\" looks like, where it is not a 404 or 410: `status = 403 and method = 'GET'`.",
    ),
    exists: answer.describe('"Already there" or "already done": `body.code = 159`.'),
    inProgress: answer.describe("The same idempotency key is still at work."),
    keyMismatch: answer.describe("The idempotency key was used before, with another body."),
    replayed: answer.describe(
      "The answer is the stored one of an earlier request with this key: ``headers.`idempotent-replayed` = 'true'``.",
    ),
  })
    .prefault({})
    .transform(({ throttled, failed, missing, exists, inProgress, keyMismatch, replayed }) => ({
      throttled,
      failed,
      missing,
      exists,
      inProgress,
      keyMismatch,
      replayed,
    }))
    .describe(
      "How this API speaks, where it departs from HTTP: expressions over `method`, `status`, `headers` and `body`; header names are in lower case.",
    );
}

function authSchema(values: Values): z.ZodType<AuthConfig> {
  const { secret } = values;
  const declared = z.discriminatedUnion("type", [
    map({ type: z.literal("none") }).describe("No credentials."),
    map({ type: z.literal("bearer"), token: secret.describe("The token.") }).describe("`Authorization: Bearer ...`."),
    map({
      type: z.literal("basic"),
      username: secret.describe("The user's name."),
      password: secret.describe("The password."),
    }).describe("`Authorization: Basic ...` (RFC 7617)."),
    map({
      type: z.literal("header"),
      name: values.headerName.describe("The header's name."),
      value: secret.describe("Its value."),
    }).describe("A header of its own, such as `X-Api-Key`."),
    map({
      type: z.literal("query"),
      name: values.text.describe("The parameter's name."),
      value: secret.describe("Its value."),
    }).describe("A query parameter. Addresses end up in many logs: prefer a header where the API has one."),
    oauth2Schema(values).describe("A token that is fetched from `tokenUrl` and renewed before it runs out (RFC 6749)."),
    jwtSchema(values).describe("A token that the client signs itself (RFC 7519)."),
  ]);
  const byFunction = z
    .custom<AuthFunction>((raw) => typeof raw === "function")
    .transform((headers): AuthConfig => ({ type: "function", headers }))
    .meta({ "x-type": "AuthFunction" });
  return z.union([byFunction, declared]);
}

/** Credentials for which a token is fetched. */
const oauth2Schema = (values: Values) =>
  map({
    type: z.literal("oauth2"),
    grant: values
      .choice(["clientCredentials", "refreshToken"])
      .prefault("clientCredentials")
      .describe("What the token is given for."),
    tokenUrl: values.baseUrl.describe("The address of the token endpoint."),
    clientId: values.text.describe("The client's id."),
    clientSecret: maybe(values.secret).describe("The client's secret; a public client has none."),
    clientAuth: values
      .choice(["basic", "post"])
      .prefault("basic")
      .describe("How the client shows who it is: by `Authorization: Basic`, or in the body (RFC 6749, 2.3.1)."),
    scope: maybe(values.text).describe("Scopes, with spaces between them."),
    params: z
      .record(z.string(), values.text)
      .prefault({})
      .describe("Further parameters, such as `audience` or `resource`."),
    refreshToken: maybe(values.secret).describe(
      "The first refresh token. A new one that the endpoint gives in its place is kept beside the ledger.",
    ),
  }).refine((auth) => auth.grant !== "refreshToken" || auth.refreshToken !== undefined, {
    path: ["refreshToken"],
    message: "is missing, and `grant` is `refreshToken`",
  });

/** A token that the client signs. */
const jwtSchema = (values: Values) =>
  map({
    type: z.literal("jwt"),
    algorithm: values.choice(JWT_ALGORITHMS).describe("How it is signed (RFC 7518, 3.1)."),
    key: values.key.describe("The shared secret, or the private key as PEM: `${file:key.pem}` reads a file."),
    keyId: maybe(values.text).describe("The key's id, for `kid`."),
    issuer: maybe(values.text).describe("Who signs it, for `iss`."),
    subject: maybe(values.text).describe("Whom it is about, for `sub`."),
    audience: maybe(values.text).describe("Whom it is for, for `aud`."),
    claims: z.record(z.string(), values.text).prefault({}).describe("Further claims, as texts."),
    lifetime: values.duration
      .prefault("5m")
      .describe("How long it is good for. A new one is signed before that is over."),
  }).transform(({ lifetime, ...auth }) => ({ ...auth, lifetimeMs: lifetime }));
