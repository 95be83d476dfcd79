import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { gzipSync } from "node:zlib";
import { EvenkeelError } from "../core/errors.ts";
import { fakeDispatcher, type FakeOptions, type FakeRequest, type FakeScript } from "../testing/fake-dispatcher.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { createConnection, type ConnectionOptions } from "./api.ts";
import { createAuth, type Auth } from "./auth.ts";
import type { ApiRequest } from "./connection.ts";
import { Lanes } from "./lanes.ts";
import { createRedactor } from "./redact.ts";

const TOKEN = "s3cr3t-token";
const NEVER = new AbortController().signal;
const SENDING = { signal: NEVER, patienceMs: 60_000 };
const BASE = "https://api.example/v1";

const read = (path: string, parts: Partial<ApiRequest> = {}): ApiRequest => ({
  method: "GET",
  url: path.startsWith("http") ? path : BASE + path,
  headers: {},
  body: undefined,
  purpose: "read",
  repeatable: true,
  keyHeader: undefined,
  ...parts,
});

const write = (path: string, parts: Partial<ApiRequest> = {}): ApiRequest =>
  read(path, {
    method: "PUT",
    purpose: "write",
    body: '{"a":1}',
    headers: { "Content-Type": "application/json" },
    ...parts,
  });

interface Given {
  readonly handle: (request: FakeRequest) => FakeScript;
  readonly connect?: NonNullable<FakeOptions["connect"]>;
  readonly options?: Partial<ConnectionOptions>;
}

function connect({ handle, options = {}, ...given }: Given) {
  const clock = new VirtualClock();
  const dispatcher = fakeDispatcher({ clock, handle, ...given });
  const auth: Auth = options.auth ?? createAuth({ type: "bearer", token: TOKEN });
  const lanes = new Lanes(clock, []);
  const connection = createConnection(
    {
      name: "shop",
      baseUrl: `${BASE}/`,
      headers: { "accept-language": "en", "x-static": "from-config" },
      timeouts: { connectMs: 5_000, headersMs: 30_000, idleMs: 30_000, totalMs: 60_000 },
      limits: { ratePerMs: undefined, concurrency: undefined, bodyBytes: 1_000 },
      answers: { also: [], never: [] },
      lateWriteMs: 120_000,
      ...options,
      auth,
    },
    { clock, dispatcher, lanes, redactor: createRedactor(auth.secrets), userAgent: "evenkeel/1.2.3" },
  );
  return { connection, clock, dispatcher, lanes };
}

const ok = (body: unknown = {}): FakeScript => ({ kind: "answer", status: 200, body: JSON.stringify(body) });

test("a read: what goes out, what comes back", async () => {
  const { connection, dispatcher } = connect({ handle: () => ok({ items: [9007199254740993n.toString()] }) });
  const { attempt, answer } = await connection.exchange(read("/items?x=1", { headers: { "X-Own": "1" } }), SENDING);
  assert.equal(attempt.outcome.kind, "applied");
  assert.deepEqual(answer?.json(), { ok: true, value: { items: ["9007199254740993"] } });
  assert.deepEqual(
    dispatcher.requests.map(({ method, origin, path, headers }) => ({ method, origin, path, headers })),
    [
      {
        method: "GET",
        origin: "https://api.example",
        path: "/v1/items?x=1",
        headers: {
          "user-agent": "evenkeel/1.2.3",
          accept: "application/json",
          "accept-language": "en",
          "x-static": "from-config",
          "accept-encoding": "gzip, br",
          "x-own": "1",
          authorization: `Bearer ${TOKEN}`,
        },
      },
    ],
  );
  assert.equal(connection.baseUrl, BASE);
});

test("a write sends its bytes, asks for no compression, and the user agent can be changed", async () => {
  const { connection, dispatcher } = connect({ handle: () => ok(), options: { headers: { "user-agent": "mine/1" } } });
  await connection.exchange(write("/items/1"), SENDING);
  const [request] = dispatcher.requests;
  assert.equal(request?.body, '{"a":1}');
  assert.deepEqual([request?.headers["user-agent"], request?.headers["accept-encoding"]], ["mine/1", undefined]);
});

suite("S3: credentials go to their own origin and nowhere else", () => {
  test("a foreign address is refused and nothing is sent", async () => {
    const { connection, dispatcher } = connect({ handle: () => ok() });
    for (const url of [
      "https://evil.example/v1/items",
      "https://api.example@evil.example/",
      "http://api.example/v1/items",
      "https://[",
    ]) {
      const { attempt } = await connection.exchange(read(url), SENDING);
      assert.ok(
        attempt.outcome.kind === "refused" && attempt.outcome.message.includes("https://api.example alone"),
        url,
      );
    }
    assert.deepEqual(dispatcher.requests, []);
    assert.equal(connection.allows(new URL("https://api.example/other")), true);
    assert.equal(connection.allows(new URL("https://user@api.example/")), false);
    assert.equal(connection.allows(new URL("https://evil.example/")), false);
  });

  test("an allowed foreign origin is read without credentials and configured headers, and never written", async () => {
    const { connection, dispatcher } = connect({
      handle: () => ok(),
      options: { allowOrigins: ["https://files.example"] },
    });
    await connection.exchange(read("https://files.example/page2", { headers: { "x-own": "secret too" } }), SENDING);
    const names = Object.keys(dispatcher.requests[0]?.headers ?? {});
    assert.deepEqual(names, ["user-agent", "accept", "accept-encoding"]);
    const { attempt } = await connection.exchange(write("https://files.example/x"), SENDING);
    assert.equal(attempt.outcome.kind, "refused");
    assert.equal(dispatcher.requests.length, 1);

    const auth = createAuth({ type: "query", name: "key", value: "in-query" });
    const other = connect({ handle: () => ok(), options: { auth, allowOrigins: ["https://files.example"] } });
    await other.connection.exchange(read("https://files.example/page2"), SENDING);
    assert.equal(other.dispatcher.requests[0]?.path, "/page2");
  });

  test("each way to show credentials", async () => {
    const ways: readonly (readonly [Auth, string, string | undefined])[] = [
      [createAuth({ type: "none" }), "/v1/x", undefined],
      [
        createAuth({ type: "basic", username: "me", password: "pass:ü" }),
        "/v1/x",
        `authorization: Basic ${Buffer.from("me:pass:ü").toString("base64")}`,
      ],
      [createAuth({ type: "header", name: "X-Api-Key", value: "abcd" }), "/v1/x", "x-api-key: abcd"],
      [createAuth({ type: "query", name: "key", value: "a&b" }), "/v1/x?key=a%26b", undefined],
      [createAuth({ type: "function", headers: async () => ({ "X-Signed": "1234" }) }), "/v1/x", "x-signed: 1234"],
    ];
    for (const [auth, path, header] of ways) {
      const { connection, dispatcher } = connect({ handle: () => ok(), options: { auth } });
      await connection.exchange(read("/x"), SENDING);
      const [request] = dispatcher.requests;
      assert.equal(request?.path, path);
      const headers = Object.entries(request?.headers ?? {}).map(([name, value]) => `${name}: ${value}`);
      const known = headers.filter(
        (line) => !/^(user-agent|accept|accept-language|accept-encoding|x-static):/.test(line),
      );
      assert.deepEqual(known, header === undefined ? [] : [header]);
    }
  });

  test("an auth function that fails stops the run instead of the record", async () => {
    const auth = createAuth({
      type: "function",
      headers: () => {
        throw new Error("no token today");
      },
    });
    const { connection, dispatcher } = connect({ handle: () => ok(), options: { auth } });
    const { attempt } = await connection.exchange(write("/x"), SENDING);
    assert.ok(
      attempt.outcome.kind === "refused" && attempt.outcome.reason === "credentials",
      JSON.stringify(attempt.outcome),
    );
    assert.match(attempt.outcome.message, /no token today/);
    assert.deepEqual(dispatcher.requests, []);
  });

  test("an auth function is called once more after a 401", async () => {
    let calls = 0;
    const auth = createAuth({ type: "function", headers: () => ({ authorization: `Bearer call-${(calls += 1)}` }) });
    const { connection, dispatcher } = connect({
      handle: ({ headers }) => (headers["authorization"] === "Bearer call-2" ? ok() : { kind: "answer", status: 401 }),
      options: { auth },
    });
    assert.equal((await connection.exchange(write("/x"), SENDING)).attempt.outcome.kind, "applied");
    const { attempt } = await connection.exchange(write("/x"), SENDING);
    assert.ok(attempt.outcome.kind === "refused" && attempt.outcome.reason === "credentials");
    assert.equal(dispatcher.requests.length, 4);
  });

  for (const headers of [{ "X-A": "a\r\nX-Evil: 1" }, { "X-A": "caf\u0301e" }, { "X A": "b" }])
    test(`S7: credentials that no header can carry are refused at once: ${JSON.stringify(headers)}`, async () => {
      const auth = createAuth({ type: "function", headers: () => headers });
      const { connection, dispatcher } = connect({ handle: () => ok(), options: { auth } });
      const { attempt } = await connection.exchange(write("/x"), SENDING);
      const { outcome, evidence } = attempt;
      assert.ok(outcome.kind === "refused" && outcome.reason === "credentials", JSON.stringify(outcome));
      assert.match(outcome.message, /^the header "x.a" of the credentials has/);
      assert.match(outcome.next ?? "", /the `auth` function/);
      assert.equal(evidence.isUntried, true);
      assert.deepEqual(dispatcher.requests, []);
    });

  test("new credentials are tried once after a 401", async () => {
    let generation = 0;
    const auth: Auth = {
      apply: () => ({ headers: { authorization: `Bearer generation-${generation}` }, query: {} }),
      refresh: async () => {
        generation += 1;
        return generation < 3;
      },
      secrets: [],
      identity: "x",
    };
    const { connection, dispatcher } = connect({
      handle: ({ headers }) =>
        headers["authorization"] === "Bearer generation-1" ? ok() : { kind: "answer", status: 401 },
      options: { auth },
    });
    assert.equal((await connection.exchange(write("/x"), SENDING)).attempt.outcome.kind, "applied");
    generation = 5;
    const { attempt } = await connection.exchange(write("/x"), SENDING);
    assert.ok(attempt.outcome.kind === "refused" && attempt.outcome.reason === "credentials");
    assert.deepEqual(
      dispatcher.requests.map(({ headers }) => headers["authorization"]?.slice(-1)),
      ["0", "1", "5"],
    );
  });
});

suite("S2: redirects", () => {
  const redirect = (location: string | undefined, status = 302): FakeScript => ({
    kind: "answer",
    status,
    headers: location === undefined ? {} : { location },
  });

  test("a read follows within its origin, with its credentials, through the lane each time", async () => {
    const { connection, dispatcher } = connect({
      handle: ({ path }) => (path === "/v1/old" ? redirect("../v2/new?x=1") : ok({ here: true })),
    });
    const { attempt, answer } = await connection.exchange(read("/old"), SENDING);
    assert.equal(attempt.outcome.kind, "applied");
    assert.equal(attempt.evidence.request.url, "https://api.example/v2/new?x=1");
    assert.deepEqual(answer?.json(), { ok: true, value: { here: true } });
    assert.ok(dispatcher.requests.every(({ headers }) => headers["authorization"] === `Bearer ${TOKEN}`));
  });

  test("a write is refused, and so is everything that is not plain", async () => {
    const cases: readonly (readonly [ApiRequest, FakeScript, RegExp])[] = [
      [write("/x"), redirect("/v1/y"), /302 Found, not followed: a write/],
      [read("/x"), redirect("https://evil.example/"), /leads to https:\/\/evil\.example, another origin/],
      [read("/x"), redirect("http://api.example/v1/x"), /another origin/],
      [read("/x"), redirect("https://me@api.example/"), /another origin/],
      [read("/x"), redirect(undefined), /no usable Location/],
      [read("/x"), redirect("http://["), /no usable Location/],
      [read("/x", { method: "POST", body: "{}" }), redirect("/v1/y", 303), /a POST would become a GET/],
    ];
    for (const [request, script, expected] of cases) {
      const { connection, dispatcher } = connect({ handle: () => script });
      const { attempt } = await connection.exchange(request, SENDING);
      assert.ok(
        attempt.outcome.kind === "refused" && attempt.outcome.reason === "redirected",
        JSON.stringify(attempt.outcome),
      );
      assert.match(attempt.outcome.message, expected);
      assert.equal(dispatcher.requests.length, 1);
    }
  });

  test("307 keeps method and body", async () => {
    const { connection, dispatcher } = connect({
      handle: ({ path }) => (path === "/v1/a" ? redirect("/v1/b", 307) : ok()),
    });
    await connection.exchange(read("/a", { method: "POST", body: '{"q":1}' }), SENDING);
    assert.deepEqual(
      dispatcher.requests.map(({ method, path, body }) => [method, path, body]),
      [
        ["POST", "/v1/a", '{"q":1}'],
        ["POST", "/v1/b", '{"q":1}'],
      ],
    );
  });

  test("not for ever", async () => {
    const { connection, dispatcher } = connect({ handle: () => redirect("/v1/again") });
    const { attempt } = await connection.exchange(read("/again"), SENDING);
    assert.ok(attempt.outcome.kind === "refused" && /6th time/.test(attempt.outcome.message));
    assert.equal(dispatcher.requests.length, 6);
  });
});

suite("S4: bodies", () => {
  test("a compressed page is unpacked", async () => {
    const packed = gzipSync(JSON.stringify({ items: [1] }));
    const { connection } = connect({
      handle: () => ({ kind: "answer", status: 200, headers: { "content-encoding": "gzip" }, body: [packed] }),
    });
    const { answer } = await connection.exchange(read("/x"), SENDING);
    assert.deepEqual(answer?.json(), { ok: true, value: { items: [1] } });
  });

  test("a page that is too large, packed or not, is refused as such; whether a write landed is not known", async () => {
    const plain: FakeScript = { kind: "answer", status: 200, body: "x".repeat(2_000) };
    const packed: FakeScript = {
      kind: "answer",
      status: 200,
      headers: { "content-encoding": "gzip" },
      body: [gzipSync("x".repeat(2_000))],
    };
    for (const script of [plain, packed]) {
      const { connection } = connect({ handle: () => script });
      const { attempt } = await connection.exchange(read("/x"), SENDING);
      assert.ok(
        attempt.outcome.kind === "refused" && attempt.outcome.reason === "tooLarge",
        JSON.stringify(attempt.outcome),
      );
    }
    const { connection } = connect({ handle: () => plain });
    assert.equal((await connection.exchange(write("/x"), SENDING)).attempt.outcome.kind, "unknown");
  });

  test("an error is judged by its status, however large it is", async () => {
    for (const [status, kind] of [
      [429, "throttled"],
      [500, "unknown"],
      [422, "refused"],
    ] as const) {
      const { connection } = connect({ handle: () => ({ kind: "answer", status, body: "x".repeat(2_000) }) });
      assert.equal((await connection.exchange(read("/x"), SENDING)).attempt.outcome.kind, kind);
    }
  });

  test("R1: a write whose answer came whole is applied, even if it cannot be unpacked", async () => {
    const { connection } = connect({
      handle: () => ({ kind: "answer", status: 201, headers: { "content-encoding": "gzip" }, body: "no gzip" }),
    });
    const { attempt, answer } = await connection.exchange(write("/x"), SENDING);
    assert.equal(attempt.outcome.kind, "applied");
    const parsed = answer?.json();
    assert.ok(
      parsed?.ok === false && parsed.error instanceof EvenkeelError && /cannot be unpacked/.test(parsed.error.message),
    );
  });
});

suite("lanes", () => {
  test("R4: so does the Retry-After of a refusal that is final for its own request", async () => {
    const { connection } = connect({
      handle: () => ({ kind: "answer", status: 422, headers: { "retry-after": "5" } }),
    });
    assert.equal((await connection.exchange(write("/x"), SENDING)).attempt.outcome.kind, "refused");
    const { attempt } = await connection.exchange(write("/y"), { ...SENDING, patienceMs: 1_000 });
    assert.equal(attempt.outcome.kind, "not-sent");
  });

  test("L3, R4: a Retry-After closes the lane for everybody, and the impatient are told how long", async () => {
    const { connection, clock, dispatcher } = connect({
      handle: () => ({ kind: "answer", status: 429, headers: { "retry-after": "90" } }),
    });
    const refused = await connection.exchange(write("/x"), SENDING);
    assert.deepEqual(refused.attempt.outcome, {
      kind: "throttled",
      status: 429,
      message: "429 Too Many Requests",
      retryAfterMs: 90_000,
    });
    const { attempt } = await connection.exchange(write("/y"), SENDING);
    assert.deepEqual(attempt.outcome, {
      kind: "not-sent",
      message: "shop asked to wait; 90 s more",
      retryAfterMs: 90_000,
    });
    assert.equal(attempt.evidence.failure, "shop asked to wait; 90 s more");
    void connection.exchange(write("/z"), { signal: NEVER, patienceMs: 1e6 });
    assert.equal(connection.waitingFor(), "shop, which asked to wait; 90 s more");
    await clock.advance(89_999);
    assert.equal(dispatcher.requests.length, 1);
    await clock.advance(1);
    assert.equal(dispatcher.requests.length, 2);
  });

  test("L4: an announced limit paces what follows", async () => {
    const headers = { "ratelimit-policy": '"default";q=10;w=1', ratelimit: '"default";r=9;t=1' };
    const { connection, clock, dispatcher } = connect({ handle: () => ({ kind: "answer", status: 200, headers }) });
    const all = Array.from({ length: 20 }, () => connection.exchange(write("/x"), SENDING));
    await clock.drive(Promise.all(all));
    assert.ok(clock.monotonicMs() > 1_900 && clock.monotonicMs() < 2_200, String(clock.monotonicMs()));
    assert.equal(dispatcher.requests.length, 20);
  });

  test("K5: one key at work does not close the lane", async () => {
    const inProgress = { text: "", uses: new Set<string>(), evaluate: () => true };
    const { connection, dispatcher } = connect({
      handle: () => ({ kind: "answer", status: 409, headers: { "retry-after": "90" } }),
      options: { answers: { inProgress, also: [], never: [] } },
    });
    for (let count = 0; count < 2; count++) {
      const { attempt } = await connection.exchange(write("/x"), SENDING);
      assert.ok(attempt.outcome.kind === "throttled" && attempt.outcome.inProgress === true);
    }
    assert.equal(dispatcher.requests.length, 2);
  });

  test("a gentle stop leaves the queue and lets what is under way finish", async () => {
    const { connection, clock } = connect({ handle: () => ({ kind: "answer", afterMs: 1_000, status: 200 }) });
    const stop = new AbortController();
    const underWay = connection.exchange(write("/x"), { ...SENDING, stop: stop.signal });
    const queued = connection.exchange(write("/y"), { ...SENDING, stop: stop.signal });
    await clock.advance(10);
    stop.abort();
    assert.equal((await queued).attempt.outcome.kind, "not-sent");
    assert.equal((await clock.drive(underWay)).attempt.outcome.kind, "applied");
  });

  test("whatever happens to a request, its place in the lane is given back", async () => {
    const scripts: readonly FakeScript[] = [
      { kind: "drop" },
      { kind: "answer", status: 200, body: "x", cut: true },
      ok(),
    ];
    let next = 0;
    const broken = { text: "", uses: new Set<string>(), evaluate: () => Promise.reject(new Error("broken")) };
    const { connection, clock } = connect({
      handle: () => scripts[next++ % scripts.length] as FakeScript,
      options: {
        answers: { failed: broken, also: [], never: [] },
        limits: { ratePerMs: undefined, concurrency: 1, bodyBytes: 1_000 },
      },
    });
    for (let count = 0; count < 30; count++) {
      const { attempt } = await clock.drive(connection.exchange(write("/x"), SENDING));
      assert.equal(attempt.outcome.kind, "unknown");
    }
  });
});

suite("S6, S7: evidence", () => {
  const handle = (): FakeScript => ({
    kind: "answer",
    status: 422,
    headers: { "set-cookie": "sid=1", "x-echo": `Bearer ${TOKEN}` },
    body: `{"message":"bad ${TOKEN}\u001b[31m","access_token":"abc","n":1}`,
  });

  test("what is kept of a request and its answer has no secret and no control character", async () => {
    const { connection } = connect({ handle });
    const request = write("/x?api_key=in-query", {
      body: `{"password":"p","t":"${TOKEN}"}`,
      headers: { "X-Auth-Token": "t" },
    });
    const { attempt } = await connection.exchange(request, SENDING);
    assert.deepEqual(JSON.parse(JSON.stringify(attempt.evidence)), {
      request: {
        method: "PUT",
        url: "https://api.example/v1/x?api_key=[redacted]",
        headers: {
          "user-agent": "evenkeel/1.2.3",
          accept: "application/json",
          "accept-language": "en",
          "x-static": "from-config",
          "x-auth-token": "[redacted]",
          authorization: "[redacted]",
        },
        body: '{"password":"[redacted]","t":"[redacted]"}',
      },
      answer: {
        status: 422,
        headers: { "set-cookie": "[redacted]", "x-echo": "[redacted]" },
        body: '{"message":"bad [redacted]\\u001b[31m","access_token":"[redacted]","n":1}',
      },
      durationMs: 0,
    });
    assert.ok(attempt.outcome.kind === "refused" && !attempt.outcome.message.includes(TOKEN));
    assert.match(attempt.outcome.message, /^422 Unprocessable Entity: /);
  });

  test("a message is cut after it was redacted, so that no part of a long secret is left", async () => {
    const secret = "abcdefgh".repeat(60);
    const auth = createAuth({ type: "bearer", token: secret });
    const handle = (): FakeScript => ({ kind: "answer", status: 400, body: `no ${secret}${"x".repeat(400)}` });
    const { connection } = connect({ handle, options: { auth } });
    const { outcome } = (await connection.exchange(read("/x"), SENDING)).attempt;
    assert.ok(outcome.kind === "refused");
    assert.equal(outcome.message, `${`400 Bad Request: no [redacted]${"x".repeat(400)}`.slice(0, 350)}...`);
  });

  test("a long body is cut", async () => {
    const body = JSON.stringify({ text: "x".repeat(10_000) });
    const { connection } = connect({ handle: () => ok() });
    const { attempt } = await connection.exchange(write("/x", { body }), SENDING);
    assert.ok((attempt.evidence.request.body?.length ?? 0) < 4_200);
    assert.match(attempt.evidence.request.body ?? "", /\.\.\. \(10011 characters\)$/);
  });

  test("what only a function gave is hidden too, by name and by value", async () => {
    const auth = createAuth({ type: "function", headers: () => ({ "x-custom": "Signed fresh-value" }) });
    const { connection } = connect({ handle: () => ok({ echo: "fresh-value" }), options: { auth } });
    const { attempt } = await connection.exchange(read("/x"), SENDING);
    assert.ok(!JSON.stringify(attempt.evidence).includes("fresh-value"));
    assert.equal(attempt.evidence.request.headers["x-custom"], "[redacted]");
  });

  test("a credential too short to be told from other text is hidden by the name of its header or parameter", async () => {
    for (const auth of [
      createAuth({ type: "header", name: "X-Pin", value: "123" }),
      createAuth({ type: "query", name: "pin", value: "123" }),
    ]) {
      const { connection } = connect({ handle: () => ok(), options: { auth } });
      const { evidence } = (await connection.exchange(read("/x"), SENDING)).attempt;
      assert.ok(!JSON.stringify(evidence).includes("123"), JSON.stringify(evidence));
    }
  });

  test("what went wrong below HTTP is named", async () => {
    const { connection } = connect({ handle: () => ok(), connect: () => ({ kind: "fail", code: "ECONNREFUSED" }) });
    const { attempt, answer } = await connection.exchange(write("/x"), SENDING);
    assert.deepEqual(attempt.outcome, { kind: "not-sent", message: "ECONNREFUSED" });
    assert.deepEqual(
      [attempt.evidence.failure, attempt.evidence.answer, answer],
      ["ECONNREFUSED", undefined, undefined],
    );
  });
});
