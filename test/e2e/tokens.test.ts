import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
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
  answer: ((form: URLSearchParams) => readonly [status: number, body: object] | undefined) | undefined;
}

/** A token endpoint (RFC 6749) whose refresh tokens are good once. */
async function startTokens(): Promise<Endpoint> {
  const asked: URLSearchParams[] = [];
  const good = new Set<string>();
  let refresh = "first-refresh-token";
  const endpoint: Pick<Endpoint, "lifetimeS" | "slowMs" | "answer"> = { lifetimeS: 3600, slowMs: 0, answer: undefined };
  const api = await startApi((request, body, response) => {
    const form = new URLSearchParams(body);
    asked.push(form);
    const said = endpoint.answer?.(form);
    if (said !== undefined) return json(response, ...said);
    const id = form.get("client_id") ?? Buffer.from(request.headers.authorization?.slice(6) ?? "", "base64").toString();
    if (!id.startsWith("me")) return json(response, 401, { error: "invalid_client", error_description: "who are you" });
    if (form.get("grant_type") === "refresh_token") {
      if (form.get("refresh_token") !== refresh) return json(response, 400, { error: "invalid_grant" });
      refresh = `refresh-token-${asked.length}`;
    }
    const token = `access-token-${asked.length}`;
    good.add(token);
    setTimeout(() => good.delete(token), endpoint.lifetimeS * 1_000).unref();
    const given = form.get("grant_type") === "refresh_token" ? { refresh_token: refresh } : {};
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
    for (const text of [
      ran.stdout,
      verbose.stdout,
      verbose.stderr,
      readFileSync(join(place.folder, ".evenkeel/state.db"), "latin1"),
    ]) {
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

test("a token endpoint that is down is tried again, and no reason to doubt the credentials", () =>
  between(CLIENT, async ({ tokens, run, items }) => {
    let down = 2;
    tokens.answer = () => ((down -= 1) >= 0 ? [503, { error: "down" }] : undefined);
    const ran = await run();
    assert.deepEqual([ran.exitCode, items.size], [0, 20]);
    await tokens.api.stop();
    const gone = await run("--full-refresh");
    assert.notEqual(gone.exitCode, 0);
    assert.doesNotMatch(gone.stdout, /API_CREDENTIALS_REFUSED/);
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

test("requests go through the proxy of the environment, but for hosts that it leaves out", async () => {
  const api = await startApi((_request, _body, response) => json(response, 200, {}));
  // RFC 9112, 3.2.2: it is asked for the whole address, of a host that only it knows.
  const proxy = await startApi((request, _body, response) => cursorPage([{ id: 1 }], request, response, 10));
  const place = new Workplace({ HTTP_PROXY: proxy.url, NO_PROXY: "other.test" });
  place.write(`
connections:
  store: { baseUrl: "http://store.test" }
  shop: { baseUrl: "${api.url}" }
syncs:
  records:${SOURCE}
    destination: { connection: shop, upsert: "PUT /items/{id}" }
`);
  try {
    const ran = await place.run("run");
    assert.equal(ran.exitCode, 0, ran.stdout + ran.stderr);
    const asked = proxy.requests.map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(asked, ["GET http://store.test/records"], "this machine is reached directly");
    assert.deepEqual(
      api.requests.map(({ method, path }) => `${method} ${path}`),
      ["PUT /items/1"],
    );
  } finally {
    place.remove();
    await Promise.all([api.stop(), proxy.stop()]);
  }
});
