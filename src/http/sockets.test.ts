import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { after, suite, test } from "node:test";
import { gzipSync } from "node:zlib";
import { systemClock } from "../runtime/clock.ts";
import { systemNetwork, type Network } from "../runtime/network.ts";
import { createConnection, type ConnectionOptions } from "./api.ts";
import { createAuth } from "./auth.ts";
import type { ApiRequest, Connection } from "./connection.ts";
import { Lanes } from "./lanes.ts";
import { createRedactor } from "./redact.ts";

/** The client on real sockets: undici's own behaviour is part of what is tested. */

const NEVER = new AbortController().signal;
const SENDING = { signal: NEVER, patienceMs: 60_000 };
const networks: Network[] = [];
const closers: (() => void)[] = [];

after(async () => {
  for (const close of closers) close();
  await Promise.all(networks.map((network) => network.close()));
});

function connect(origin: string, options: Partial<ConnectionOptions> = {}): Connection {
  const dispatcher = systemNetwork({ connectMs: 2_000 });
  networks.push(dispatcher);
  const auth = createAuth({ type: "header", name: "X-Api-Key", value: "k3y-value" });
  return createConnection(
    {
      name: "api",
      baseUrl: origin,
      auth,
      headers: {},
      timeouts: { connectMs: 2_000, headersMs: 2_000, idleMs: 2_000, totalMs: 10_000 },
      limits: { ratePerMs: undefined, concurrency: 16, bodyBytes: 33_554_432 },
      answers: { also: [], never: [] },
      lateWriteMs: 0,
      ...options,
    },
    {
      clock: systemClock,
      dispatcher,
      lanes: new Lanes(systemClock, []),
      redactor: createRedactor(auth.secrets),
      userAgent: "evenkeel/0",
    },
  );
}

async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handle);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server of raw bytes: `handle` gets each connection with what came first on it. */
async function serveRaw(handle: (socket: Socket, received: string) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (data) => handle(socket, data.toString()));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const get = (url: string): ApiRequest => ({
  method: "GET",
  url,
  headers: {},
  body: undefined,
  purpose: "read",
  repeatable: true,
  keyHeader: undefined,
});
const post = (url: string): ApiRequest => ({
  ...get(url),
  method: "POST",
  body: '{"a":"ä"}',
  purpose: "write",
  repeatable: false,
});

test("requests and answers arrive as they were meant", async () => {
  const seen: string[] = [];
  const origin = await serve((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      seen.push(
        `${request.method} ${request.url} ${String(request.headers["x-api-key"])} ${request.headers["content-length"]} ${body}`,
      );
      response.setHeader("x-multi", ["a", "b"]);
      response.end('{"id":12345678901234567890,"name":"ä"}');
    });
  });
  const connection = connect(origin);
  const { attempt, answer } = await connection.exchange(post(`${origin}/items`), SENDING);
  assert.deepEqual(seen, ['POST /items k3y-value 10 {"a":"ä"}']);
  assert.equal(attempt.outcome.kind, "applied");
  assert.equal(answer?.headers["x-multi"], "a, b");
  assert.equal(answer?.text, '{"id":12345678901234567890,"name":"ä"}');
  assert.ok(answer?.dateMs !== undefined && Math.abs(answer.dateMs - Date.now()) < 5_000);
  assert.equal((await connection.exchange(get(`${origin}/items`), SENDING)).attempt.outcome.kind, "applied");
});

suite("R1: sent or not, by real failures", () => {
  test("a refused connection, an unknown host and a TLS failure were certainly not sent", async () => {
    const plain = await serve((_, response) => response.end());
    const closed = await serve((_, response) => response.end());
    closers.pop()?.();
    await new Promise((done) => setTimeout(done, 20));
    for (const [origin, expected] of [
      [closed, /ECONNREFUSED/],
      ["http://does-not-exist.invalid", /ENOTFOUND|EAI_AGAIN/],
      [plain.replace("http:", "https:"), /./],
    ] as const) {
      const { attempt } = await connect(origin).exchange(post(`${origin}/x`), SENDING);
      assert.ok(attempt.outcome.kind === "not-sent", JSON.stringify(attempt.outcome));
      assert.match(attempt.outcome.message, expected);
    }
  });

  test("a server that closes without an answer leaves it unknown", async () => {
    for (const end of [
      (socket: Socket) => socket.destroy(),
      (socket: Socket) => socket.resetAndDestroy(),
      (socket: Socket) => socket.end(),
    ]) {
      const origin = await serveRaw((socket) => end(socket));
      const { attempt } = await connect(origin).exchange(post(`${origin}/x`), SENDING);
      assert.equal(attempt.outcome.kind, "unknown");
    }
  });

  test("a server that does not speak HTTP leaves it unknown", async () => {
    const origin = await serveRaw((socket) => socket.end("SSH-2.0-OpenSSH_9.9\r\n"));
    assert.equal((await connect(origin).exchange(post(`${origin}/x`), SENDING)).attempt.outcome.kind, "unknown");
  });

  test("an answer cut short is not complete, however it is framed", async () => {
    for (const head of [
      "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n",
      "HTTP/1.1 200 OK\r\ncontent-length: 100\r\nconnection: close\r\n\r\n",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\nff\r\nhello",
    ]) {
      const origin = await serveRaw((socket) =>
        socket.write(`${head}{"half":`, () => setTimeout(() => socket.end(), 10)),
      );
      const { attempt, answer } = await connect(origin).exchange(post(`${origin}/x`), SENDING);
      assert.ok(
        attempt.outcome.kind === "unknown" && attempt.outcome.status === 200,
        `${head} ${JSON.stringify(attempt.outcome)}`,
      );
      assert.equal(answer, undefined);
    }
  });

  test("informational heads before the answer are not the answer", async () => {
    const origin = await serveRaw((socket) =>
      socket.write("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}"),
    );
    const { attempt } = await connect(origin).exchange(post(`${origin}/x`), SENDING);
    assert.ok(attempt.outcome.kind === "applied" && attempt.outcome.status === 201, JSON.stringify(attempt.outcome));
  });

  test("an abort after the request left leaves it unknown, and ends the connection", async () => {
    let closed = false;
    const origin = await serve((request) => {
      request.socket.on("close", () => (closed = true));
    });
    const abortion = new AbortController();
    const exchange = connect(origin).exchange(post(`${origin}/x`), { ...SENDING, signal: abortion.signal });
    await new Promise((done) => setTimeout(done, 50));
    abortion.abort();
    assert.equal((await exchange).attempt.outcome.kind, "unknown");
    await new Promise((done) => setTimeout(done, 50));
    assert.equal(closed, true);
  });

  test("requests on connections that the server closes when idle are not lost to a stale socket", async () => {
    const server = createServer((_, response) => response.end("{}"));
    server.keepAliveTimeout = 60;
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    closers.push(() => server.close());
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const connection = connect(origin);
    for (let count = 0; count < 12; count++) {
      const { attempt } = await connection.exchange(post(`${origin}/x`), SENDING);
      assert.equal(attempt.outcome.kind, "applied");
      await new Promise((done) => setTimeout(done, 10 * count));
    }
  });
});

suite("R9: time limits on real sockets", () => {
  const timeouts = { connectMs: 150, headersMs: 150, idleMs: 150, totalMs: 500 };

  test("connect", async () => {
    // TEST-NET-1 (RFC 5737) answers nobody; where there is no route at all, the failure comes at once and means the same.
    const origin = "http://192.0.2.1:81";
    const { attempt } = await connect(origin, { timeouts }).exchange(post(`${origin}/x`), SENDING);
    assert.equal(attempt.outcome.kind, "not-sent");
    assert.ok(attempt.evidence.durationMs < 1_000);
  });

  test("headers, idle and total", async () => {
    const origin = await serve((request, response) => {
      if (request.url === "/headers") return;
      response.write("x");
      if (request.url === "/total") {
        const drip = setInterval(() => response.write("x"), 50);
        response.on("close", () => clearInterval(drip));
      }
    });
    for (const [path, expected] of [
      ["/headers", /no answer within 150 ms/],
      ["/idle", /the answer stopped for 150 ms after 1 bytes/],
      ["/total", /no complete answer within 500 ms/],
    ] as const) {
      const { attempt } = await connect(origin, { timeouts }).exchange(post(origin + path), SENDING);
      assert.ok(attempt.outcome.kind === "unknown", JSON.stringify(attempt.outcome));
      assert.match(attempt.outcome.message, expected);
    }
  });
});

suite("S4: size on real sockets", () => {
  test("a gigabyte is given up early and costs little memory", async () => {
    let sentBytes = 0;
    const block = Buffer.alloc(1_048_576, "x");
    const origin = await serve((_, response) => {
      const pump = (): void => {
        while (sentBytes < 2 ** 30) {
          sentBytes += block.length;
          if (!response.write(block)) return void response.once("drain", pump);
        }
        response.end();
      };
      pump();
    });
    const before = process.memoryUsage().rss;
    const limits = { ratePerMs: undefined, concurrency: 1, bodyBytes: 4_194_304 };
    const { attempt } = await connect(origin, { limits }).exchange(get(`${origin}/x`), SENDING);
    assert.ok(
      attempt.outcome.kind === "refused" && attempt.outcome.reason === "tooLarge",
      JSON.stringify(attempt.outcome),
    );
    await new Promise((done) => setTimeout(done, 50));
    assert.ok(sentBytes < 64 * 1_048_576, `${sentBytes} bytes were sent`);
    assert.ok(process.memoryUsage().rss - before < 100 * 1_048_576);
  });

  test("a gzip bomb is given up", async () => {
    const bomb = gzipSync(Buffer.alloc(100 * 1_048_576));
    const origin = await serve((_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(bomb));
    const { attempt } = await connect(origin).exchange(get(`${origin}/x`), SENDING);
    assert.ok(
      attempt.outcome.kind === "refused" && attempt.outcome.reason === "tooLarge",
      JSON.stringify(attempt.outcome),
    );
  });

  test("a head of endless headers is given up", async () => {
    const origin = await serveRaw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\n");
      for (let count = 0; count < 2_000; count++) socket.write(`x-${count}: ${"y".repeat(100)}\r\n`);
    });
    const { attempt } = await connect(origin).exchange(post(`${origin}/x`), SENDING);
    assert.ok(
      attempt.outcome.kind === "unknown" && /[Hh]eader/.test(attempt.outcome.message),
      JSON.stringify(attempt.outcome),
    );
  });
});

test("S3: a redirect to another host carries nothing there", async () => {
  let visits = 0;
  const evil = await serve((_, response) => {
    visits += 1;
    response.end("{}");
  });
  const origin = await serve((_, response) => response.writeHead(302, { location: `${evil}/steal` }).end());
  const connection = connect(origin);
  for (const request of [get(`${origin}/x`), post(`${origin}/x`)]) {
    const { attempt } = await connection.exchange(request, SENDING);
    assert.ok(attempt.outcome.kind === "refused" && attempt.outcome.reason === "redirected");
  }
  assert.equal(visits, 0);
});

test("S7: control characters of an answer reach no message", async () => {
  const origin = await serve((_, response) =>
    response.writeHead(400).end('{"message":"\\u001b[2Jgone\\u0007 \\u202Eevil"}\u001b]0;t\u0007'),
  );
  const { attempt } = await connect(origin).exchange(post(`${origin}/x`), SENDING);
  const shown = JSON.stringify([attempt.outcome, attempt.evidence]);
  // An escape that is doubled is text that shows what was there; a single one would be the character itself.
  assert.match(shown, /\\\\u001b\[2Jgone\\\\u0007/);
  assert.doesNotMatch(shown.replaceAll("\\\\", ""), /\\u001b|\\u0007|\u202e/);
});

test("a message in a page's own charset is read in it", async () => {
  const origin = await serve((_, response) =>
    response
      .writeHead(400, { "content-type": "application/json; charset=ISO-8859-1" })
      .end(Buffer.from('{"message":"Größe"}', "latin1")),
  );
  const { attempt } = await connect(origin).exchange(post(`${origin}/x`), SENDING);
  assert.ok(
    attempt.outcome.kind === "refused" && attempt.outcome.message === "400 Bad Request: Größe",
    JSON.stringify(attempt.outcome),
  );
});
