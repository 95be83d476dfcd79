import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { suite, test } from "node:test";
import { cursorPage, ending, json, SOURCE, startApi, Workplace, type Ran } from "./harness.ts";

/** Runs a sync whose source only a proxy can reach. */
async function runTo(store: string, environment: Readonly<Record<string, string>>, timeouts = "{}"): Promise<Ran> {
  const place = new Workplace(environment);
  place.write(`
connections:
  store: { baseUrl: "${store}", retry: { attempts: 1 }, timeouts: ${timeouts} }
syncs:
  records:${SOURCE}
    destination: { connection: store, upsert: "PUT /items/{id}" }
`);
  try {
    return await place.run("run", "--json");
  } finally {
    place.remove();
  }
}

/** A proxy that answers `CONNECT` with this, or not at all. */
async function startTunnel(answer: string | undefined): Promise<{ readonly host: string; stop(): void }> {
  const server = createServer((_request, response) => response.writeHead(407).end());
  server.on("connect", (_request, socket) => {
    socket.on("error", () => undefined);
    if (answer !== undefined) socket.end(answer);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

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

test("a proxy without a scheme is one of HTTP, as with curl", async () => {
  const proxy = await startApi((request, _body, response) =>
    request.method === "GET" ? cursorPage([{ id: 1 }], request, response, 10) : json(response, 200, {}),
  );
  const ran = await runTo("http://store.test", { http_proxy: proxy.url.replace("http://", "") });
  await proxy.stop();
  assert.equal(ran.exitCode, 0, ran.stdout + ran.stderr);
});

for (const value of ["http://joe:pr0xy-p@ss:port", "ftp://joe:pr0xy-pass@proxy", "http://joe:%zz-pr0xy@proxy"])
  test(`S6: ${value} is no proxy's address, which is said without it`, async () => {
    const ran = await runTo("http://127.0.0.1:9", { HTTPS_PROXY: value });
    assert.equal(ran.exitCode, 2);
    assert.match(ran.stdout, /"code":"USAGE","message":"the variable `HTTPS_PROXY` of the environment is no proxy/);
    assert.doesNotMatch(ran.stdout + ran.stderr, /pr0xy/);
  });

suite("a proxy that is in the way is named, without its password", () => {
  const named = async (host: string, store: string, expected: RegExp, hint: RegExp): Promise<void> => {
    const proxy = `http://joe:pr0xy-pass@${host}`;
    const ran = await runTo(store, { HTTP_PROXY: proxy, HTTPS_PROXY: proxy });
    assert.equal(ran.exitCode, 3, ran.stdout + ran.stderr);
    const { code, message = "", next = "" } = ending(ran).error ?? {};
    assert.equal(code, "API_UNREACHABLE");
    const start = `store cannot be asked: the proxy http://${host} `;
    assert.ok(message.startsWith(start), message);
    assert.match(message.slice(start.length), expected);
    assert.match(next, hint);
    assert.doesNotMatch(ran.stdout + ran.stderr, /pr0xy-pass/);
  };

  for (const store of ["http://store.test", "https://store.test"])
    test(`nobody is there, for ${store}`, () =>
      named("127.0.0.1:1", store, /^cannot be reached: .*ECONNREFUSED/, /Check `HTTP_PROXY`/));

  test("nobody is there, before there is a config", async () => {
    const place = new Workplace({ HTTP_PROXY: "http://joe:pr0xy-pass@127.0.0.1:1" });
    const ran = await place.run("init", "--from", "http://store.test/rows");
    place.remove();
    assert.equal(ran.exitCode, 3);
    const said = ran.stderr.replaceAll(/\s+/g, " ");
    assert.match(said, /API_UNREACHABLE: .* the proxy http:\/\/127\.0\.0\.1:1 cannot be reached/);
    assert.match(said, /next: Check `HTTP_PROXY`/);
    assert.doesNotMatch(said, /pr0xy-pass/);
  });

  test("it wants a name and a password", async () => {
    const proxy = await startTunnel("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
    for (const store of ["http://store.test", "https://store.test"])
      await named(proxy.host, store, /407 Proxy Authentication Required$/, /NAME:PASSWORD@/);
    proxy.stop();
  });

  test("it does not let anybody there", async () => {
    const proxy = await startTunnel("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    await named(proxy.host, "https://store.test", /^gives no way to store\.test:443: 403 Forbidden$/, /`NO_PROXY`/);
    proxy.stop();
  });
});

test("R9: a proxy that never says that its tunnel stands is given up, and the command ends", async () => {
  const proxy = await startTunnel(undefined);
  const startedMs = performance.now();
  const ran = await runTo("https://store.test", { HTTPS_PROXY: `http://${proxy.host}` }, "{ connect: 4s }");
  proxy.stop();
  assert.equal(ran.exitCode, 3, ran.stdout + ran.stderr);
  assert.match(ending(ran).error?.message ?? "", /the proxy .* gives no way to store\.test:443 within 3\.2 s$/);
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs < 30_000, `it took ${tookMs} ms`);
});
