import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { cursorPage, ending, json, SOURCE, startApi, Workplace, type Api, type Ran } from "./harness.ts";

interface Endpoint {
  readonly api: Api;
  /** What came in, as forms. */
  readonly asked: URLSearchParams[];
  /** Tokens that are good. */
  readonly good: Set<string>;
  /** Seconds that a token is said to be good for, and after which it is not. */
  lifetimeS: number;
  /** How long an answer takes. */
  slowMs: number;
  /** The refresh token that is good. */
  refresh: string;
  answer: ((form: URLSearchParams) => readonly [status: number, body: object] | undefined) | undefined;
}

/** A token endpoint (RFC 6749) whose refresh tokens are good once. */
async function startTokens(): Promise<Endpoint> {
  const asked: URLSearchParams[] = [];
  const good = new Set<string>();
  const endpoint: Omit<Endpoint, "api" | "asked" | "good"> = {
    lifetimeS: 3600,
    slowMs: 0,
    refresh: "first-refresh-token",
    answer: undefined,
  };
  const api = await startApi((request, body, response) => {
    const form = new URLSearchParams(body);
    asked.push(form);
    const said = endpoint.answer?.(form);
    if (said !== undefined) return json(response, ...said);
    const id = form.get("client_id") ?? Buffer.from(request.headers.authorization?.slice(6) ?? "", "base64").toString();
    if (!id.startsWith("me")) return json(response, 401, { error: "invalid_client", error_description: "who are you" });
    if (form.get("grant_type") === "refresh_token") {
      if (form.get("refresh_token") !== endpoint.refresh) return json(response, 400, { error: "invalid_grant" });
      endpoint.refresh = `refresh-token-${asked.length}`;
    }
    const token = `access-token-${asked.length}`;
    good.add(token);
    setTimeout(() => good.delete(token), endpoint.lifetimeS * 1_000).unref();
    const given = form.get("grant_type") === "refresh_token" ? { refresh_token: endpoint.refresh } : {};
    const answer = { access_token: token, token_type: "Bearer", expires_in: endpoint.lifetimeS, ...given };
    return void setTimeout(() => json(response, 200, answer), endpoint.slowMs);
  });
  return Object.assign(endpoint, { api, asked, good });
}

interface Sides {
  readonly tokens: Endpoint;
  readonly place: Workplace;
  readonly items: Set<string>;
  readonly refused: () => number;
  run(...args: string[]): Promise<Ran>;
}

/** Both APIs want a token of the endpoint. */
async function between(
  auth: string,
  check: (sides: Sides) => Promise<void>,
  { rows = 20, slowMs = 0 }: { readonly rows?: number; readonly slowMs?: number } = {},
): Promise<void> {
  const tokens = await startTokens();
  const records = Array.from({ length: rows }, (_, index) => ({ id: index + 1 }));
  const items = new Set<string>();
  let refused = 0;
  const isGood = (header: string | undefined): boolean => tokens.good.has(header?.replace(/^Bearer /, "") ?? "");
  const store = await startApi((request, _body, response) =>
    isGood(request.headers.authorization)
      ? cursorPage(records, request, response, 10)
      : json(response, 401, {}, { "www-authenticate": "Bearer" }),
  );
  const shop = await startApi((request, _body, response) => {
    if (!isGood(request.headers.authorization)) {
      refused += 1;
      return json(response, 401, {});
    }
    items.add(request.url ?? "");
    setTimeout(() => json(response, 200, {}), slowMs);
    return undefined;
  });
  const place = new Workplace({ SECRET: "s3cr3t-of-the-client", REFRESH: "first-refresh-token" });
  const declared = auth.replace("URL", tokens.api.url);
  place.write(`
connections:
  store: { baseUrl: "${store.url}", auth: ${declared} }
  shop: { baseUrl: "${shop.url}", auth: ${declared}, limits: { concurrency: 4 }, retry: { attempts: 3, base: 1ms } }
syncs:
  records:${SOURCE}
    destination: { connection: shop, upsert: "PUT /items/{id}" }
`);
  try {
    await check({
      tokens,
      place,
      items,
      refused: () => refused,
      run: (...args) => place.run("run", "--json", ...args),
    });
  } finally {
    place.remove();
    await Promise.all([store.stop(), shop.stop(), tokens.api.stop()]);
  }
}

const stateOf = ({ folder }: Workplace): string => readFileSync(join(folder, ".evenkeel/state.db"), "latin1");

const CLIENT = `{ type: oauth2, tokenUrl: "URL/token", clientId: me, clientSecret: "\${SECRET}", scope: "read write", params: { audience: shop } }`;
const REFRESH = `{ type: oauth2, grant: refreshToken, tokenUrl: "URL/token", clientId: me, clientSecret: "\${SECRET}", clientAuth: post, refreshToken: "\${REFRESH}" }`;

test("client credentials: one token for all that share them, and no secret anywhere", () =>
  between(CLIENT, async ({ tokens, run, items, place }) => {
    const ran = await run("--trace");
    assert.equal(ran.exitCode, 0);
    assert.deepEqual([items.size, tokens.asked.length], [20, 1]);
    const [form] = tokens.asked;
    assert.deepEqual(
      [form?.get("grant_type"), form?.get("scope"), form?.get("audience"), form?.get("client_secret")],
      ["client_credentials", "read write", "shop", null],
    );
    const verbose = await place.run("run", "--verbose", "--trace", "--full-refresh");
    for (const text of [ran.stdout, verbose.stdout, verbose.stderr, stateOf(place)]) {
      assert.doesNotMatch(text, /s3cr3t-of-the-client/);
      assert.doesNotMatch(text, /access-token-\d/);
    }
  }));

test("a token of 2 seconds' life carries a run of several seconds, renewed ahead, without a single 401", () =>
  between(
    CLIENT,
    async ({ tokens, run, items, refused }) => {
      tokens.lifetimeS = 2;
      const ran = await run();
      assert.equal(ran.exitCode, 0);
      assert.equal(items.size, 60);
      assert.ok(tokens.asked.length >= 3, `${tokens.asked.length} tokens`);
      assert.equal(refused(), 0);
      assert.equal(ending(ran).counts.rejected, 0);
    },
    { rows: 60, slowMs: 400 },
  ));

test("a token that is refused is renewed once, by one request for all that were refused", () =>
  between(CLIENT, async ({ tokens, run, items, refused }) => {
    let first = true;
    tokens.answer = () => {
      if (!first) return undefined;
      first = false;
      return [200, { access_token: "withdrawn", token_type: "bearer" }];
    };
    const ran = await run();
    assert.deepEqual([ran.exitCode, items.size, tokens.asked.length], [0, 20, 2]);
    assert.equal(refused(), 0, "the source was asked first");
  }));

test("credentials that are refused stop the run, reject nothing, and say what the endpoint said", () =>
  between(CLIENT.replace("clientId: me", "clientId: nobody"), async ({ run, place }) => {
    const ran = await run();
    assert.equal(ran.exitCode, 3);
    assert.match(ran.stdout, /API_CREDENTIALS_REFUSED/);
    assert.match(
      (await place.run("run")).stdout.replaceAll(/\s+/g, " "),
      /no token from 127\.0\.0\.1:\d+: invalid_client: who are you/,
    );
  }));

test("a refusal that looks like a success is quoted, and the hint is about the token", () =>
  between(CLIENT, async ({ tokens, run, items }) => {
    tokens.answer = () => [200, { ok: false, error: "invalid_refresh_token" }];
    const { error, counts } = ending(await run("--trace"));
    assert.match(error?.message ?? "", /there are no credentials for store: .*: invalid_refresh_token$/);
    assert.match(error?.next ?? "", /Check `tokenUrl`/);
    assert.equal(error?.evidence?.before?.answer?.status, 200, "what was sent is shown: the request for the token");
    assert.deepEqual([items.size, counts.requests], [0, 0], "nothing was asked of the API");
  }));

test("a token endpoint that is down is tried again, and no reason to doubt the credentials", () =>
  between(CLIENT, async ({ tokens, run, items }) => {
    let down = 2;
    tokens.answer = () => ((down -= 1) >= 0 ? [503, { error: "down" }] : undefined);
    const ran = await run();
    assert.deepEqual([ran.exitCode, items.size], [0, 20]);
    await tokens.api.stop();
    const gone = await run("--full-refresh", "--trace");
    assert.notEqual(gone.exitCode, 0);
    assert.doesNotMatch(gone.stdout, /API_CREDENTIALS_REFUSED/);
    const { error, counts } = ending(gone);
    const { message = "", next = "" } = error ?? {};
    assert.ok(message.startsWith(`store cannot be asked: the token endpoint ${tokens.api.url}/token`), message);
    assert.match(next, /Check `tokenUrl`/);
    assert.equal(counts.requests, 0, "nothing was asked of the API");
    assert.deepEqual(
      gone.events.filter(({ type }) => type === "trace"),
      [],
    );
  }));

test("a refresh token that is replaced is saved before the new access token is used, for its owner alone", () =>
  between(REFRESH, async ({ tokens, run, place, items }) => {
    assert.equal((await run()).exitCode, 0);
    assert.equal((await run("--full-refresh")).exitCode, 0, "the first refresh token is good no more");
    assert.deepEqual(
      tokens.asked.map((form) => form.get("refresh_token")),
      ["first-refresh-token", "refresh-token-1"],
    );
    assert.equal(tokens.asked[0]?.get("client_secret"), "s3cr3t-of-the-client");
    const folder = join(place.folder, ".evenkeel/state.db.tokens");
    for (const kept of readdirSync(folder)) assert.equal(statSync(join(folder, kept)).mode & 0o777, 0o600);
    assert.equal(items.size, 20);
  }));

suite("a new refresh token is kept, whatever the answer that it is in is like", () => {
  const claims = Buffer.from(JSON.stringify({ iss: "https://sso.example/realms/acme", aud: "me", sub: "u" }));
  const odd: readonly (readonly [what: string, status: number, more: object, isGood: boolean])[] = [
    ["an id_token of another issuer", 200, { id_token: `e30.${claims.toString("base64url")}.c2ln` }, true],
    ["no token_type", 200, { token_type: undefined }, true],
    ["a token_type of its own", 200, { token_type: "bot" }, true],
    ["status 201", 201, {}, true],
    ["no access token", 200, { access_token: undefined }, false],
    ["a token that needs a proof", 200, { token_type: "DPoP" }, false],
  ];
  for (const [what, status, more, isGood] of odd)
    test(what, () =>
      between(REFRESH, async ({ tokens, run }) => {
        let asked = 0;
        tokens.answer = () => {
          asked += 1;
          if (asked > 1) return undefined;
          tokens.good.add("an-access-token");
          tokens.refresh = "second-refresh-token";
          const given = { access_token: "an-access-token", token_type: "Bearer", refresh_token: tokens.refresh };
          return [status, { ...given, ...more }];
        };
        const first = await run();
        assert.equal(first.exitCode, isGood ? 0 : 3, first.stdout);
        assert.equal((await run("--full-refresh")).exitCode, 0);
        assert.deepEqual(
          tokens.asked.map((form) => form.get("refresh_token")),
          ["first-refresh-token", "second-refresh-token"],
        );
      }),
    );
});

test("S6: a refresh token that was given long ago is known for a secret when the endpoint quotes it", () =>
  between(REFRESH, async ({ tokens, run, place }) => {
    assert.equal((await run()).exitCode, 0);
    tokens.answer = (form) => [
      400,
      { error: "invalid_grant", error_description: `the token ${form.get("refresh_token")} has expired` },
    ];
    const ran = await run("--full-refresh", "--trace");
    assert.match(ending(ran).error?.message ?? "", /invalid_grant: the token \[redacted\] has expired/);
    const plain = await place.run("run", "--full-refresh", "--verbose");
    for (const text of [ran.stdout, plain.stdout, plain.stderr, stateOf(place)])
      assert.doesNotMatch(text, /refresh-token-\d/);
  }));

test("two commands at once take the refresh token one after the other, and neither is refused", () =>
  between(REFRESH, async ({ tokens, place, items }) => {
    // Long enough for the second command to want a token while the first waits for its own.
    tokens.slowMs = 2_500;
    const asked = Promise.withResolvers<void>();
    tokens.answer = () => {
      asked.resolve();
      return undefined;
    };
    const running = place.run("run");
    await asked.promise;
    const [ran, planned] = await Promise.all([running, place.run("plan")]);
    assert.deepEqual([ran.exitCode, planned.exitCode], [0, 0], ran.stdout + planned.stdout + planned.stderr);
    assert.equal(items.size, 20);
    assert.deepEqual(
      tokens.asked.map((form) => form.get("refresh_token")),
      ["first-refresh-token", "refresh-token-1"],
    );
  }));

test("a token that the client signs itself", async () => {
  const key = "a-shared-secret-of-32-characters!";
  const api = await startApi((request, _body, response) => {
    const [head = "", claims = "", signature] = (request.headers.authorization ?? "").slice(7).split(".");
    const expected = createHmac("sha256", key).update(`${head}.${claims}`).digest("base64url");
    const { iss, aud, exp, iat, tenant } = JSON.parse(Buffer.from(claims, "base64url").toString() || "{}") as Record<
      string,
      unknown
    >;
    const isGood =
      signature === expected && iss === "me" && aud === "shop" && tenant === "acme" && Number(exp) - Number(iat) === 60;
    if (!isGood) return json(response, 401, {});
    if (request.method === "GET") return cursorPage([{ id: 1 }, { id: 2 }], request, response, 10);
    return json(response, 200, {});
  });
  const place = new Workplace({ KEY: key });
  const auth = `{ type: jwt, algorithm: HS256, key: "\${KEY}", keyId: k1, issuer: me, audience: shop, claims: { tenant: acme }, lifetime: 1m }`;
  place.write(`
connections: { api: { baseUrl: "${api.url}", auth: ${auth} } }
syncs:
  records:${SOURCE.replace("connection: store", "connection: api")}
    destination: { connection: api, upsert: "PUT /items/{id}" }
`);
  try {
    const ran = await place.run("run");
    assert.equal(ran.exitCode, 0, ran.stdout + ran.stderr);
    assert.doesNotMatch(ran.stdout + ran.stderr, /a-shared-secret/);
  } finally {
    place.remove();
    await api.stop();
  }
});
