import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fakeDispatcher, type FakeConnection, type FakeScript } from "../testing/fake-dispatcher.ts";
import { Deadlines } from "./deadlines.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { sendOnce, type WireAnswer, type WireFailure } from "./client.ts";

const TIMEOUTS = { connectMs: 5_000, headersMs: 30_000, idleMs: 10_000, totalMs: 60_000 };
const REQUEST = { origin: "https://a.example", path: "/x", method: "PUT", headers: { a: "b" }, body: "{}" };
const NEVER = new AbortController().signal;

interface Given {
  readonly connection?: FakeConnection;
  readonly script?: FakeScript;
  readonly signal?: AbortSignal;
  readonly bodyBytesMax?: number;
  readonly method?: string;
}

/** Sends one request over a fake network, on a virtual clock; `atMs` is when the result was there. */
async function send({ connection = { kind: "open" }, script = { kind: "hang" }, ...given }: Given) {
  const clock = new VirtualClock();
  const dispatcher = fakeDispatcher({ clock, connect: () => connection, handle: () => script });
  const options = {
    dispatcher,
    deadlines: new Deadlines(clock),
    timeouts: TIMEOUTS,
    bodyBytesMax: given.bodyBytesMax ?? 1_000,
  };
  const request = { ...REQUEST, method: given.method ?? "PUT" };
  const result = await clock.drive(sendOnce(request, options, given.signal ?? NEVER));
  const atMs = clock.monotonicMs();
  await clock.runUntilIdle();
  return { result, atMs, requests: dispatcher.requests };
}

const failed = (result: WireAnswer | WireFailure): WireFailure => {
  assert.equal(result.kind, "failure");
  return result as WireFailure;
};

const answered = (result: WireAnswer | WireFailure): WireAnswer => {
  assert.equal(result.kind, "answer", JSON.stringify(result));
  return result as WireAnswer;
};

test("an answer comes back whole, in one chunk or several, with repeated headers joined", async () => {
  for (const body of ["hello world", ["hello", " ", "world"]]) {
    const { result, atMs, requests } = await send({
      script: {
        kind: "answer",
        afterMs: 70,
        status: 200,
        headers: { "set-cookie": ["a=1", "b=2"], x: "y" },
        body,
        chunkEveryMs: 5,
      },
    });
    const { status, headers, body: received } = answered(result);
    assert.deepEqual([status, received.toString()], [200, "hello world"]);
    assert.deepEqual({ ...headers }, { "set-cookie": "a=1, b=2", x: "y" });
    assert.equal(atMs, Array.isArray(body) ? 80 : 70);
    assert.deepEqual(
      requests.map(({ method, path, body: sent }) => [method, path, sent]),
      [["PUT", "/x", "{}"]],
    );
  }
});

suite("R9: four time limits", () => {
  test("connect: certainly not sent, even when the connection comes later", async () => {
    const { result, atMs, requests } = await send({ connection: { kind: "open", afterMs: 6_000 } });
    assert.deepEqual(failed(result), {
      kind: "failure",
      sent: false,
      cause: "timeout",
      message: "no connection within 5 s",
      next: undefined,
      status: undefined,
      headers: undefined,
    });
    assert.equal(atMs, 5_000);
    assert.deepEqual(requests, [], "nothing is written on a connection that comes too late");
  });

  test("headers: counted from when the request was sent", async () => {
    const { result, atMs } = await send({ connection: { kind: "open", afterMs: 4_000 } });
    const { sent, cause, message } = failed(result);
    assert.deepEqual({ sent, cause, message }, { sent: true, cause: "timeout", message: "no answer within 30 s" });
    assert.equal(atMs, 34_000);
  });

  test("idle: between two chunks", async () => {
    const script: FakeScript = { kind: "answer", status: 200, body: ["a", "b", "c"], chunkEveryMs: 9_000 };
    assert.equal(answered((await send({ script })).result).body.toString(), "abc");
    const { result, atMs } = await send({ script: { ...script, chunkEveryMs: 11_000 } });
    assert.deepEqual(
      [failed(result).message, failed(result).sent, atMs],
      ["the answer stopped for 10 s after 1 bytes", true, 10_000],
    );
  });

  test("total: however lively the answer drips", async () => {
    const body = Array.from({ length: 100 }, () => "x");
    const { result, atMs } = await send({ script: { kind: "answer", status: 200, body, chunkEveryMs: 1_000 } });
    assert.deepEqual(
      [failed(result).message, failed(result).status, atMs],
      ["no complete answer within 60 s", 200, 60_000],
    );
  });

  test("a limit that is shorter than the one before it is kept too", async () => {
    const clock = new VirtualClock();
    const dispatcher = fakeDispatcher({ clock, handle: () => ({ kind: "hang" }) });
    const timeouts = { connectMs: 50_000, headersMs: 1_000, idleMs: 1_000, totalMs: 60_000 };
    await clock.drive(
      sendOnce(REQUEST, { dispatcher, deadlines: new Deadlines(clock), timeouts, bodyBytesMax: 10 }, NEVER),
    );
    assert.equal(clock.monotonicMs(), 1_000);
  });

  test("one timer for all of them, and none is left behind", async () => {
    const clock = new VirtualClock();
    const after = clock.after.bind(clock);
    let set = 0;
    clock.after = (ms, then) => {
      set += 1;
      return after(ms, then);
    };
    const dispatcher = fakeDispatcher({
      clock,
      handle: () => ({ kind: "answer", status: 200, body: ["a", "b", "c", "d"] }),
    });
    await sendOnce(
      REQUEST,
      { dispatcher, deadlines: new Deadlines(clock), timeouts: TIMEOUTS, bodyBytesMax: 10 },
      NEVER,
    );
    assert.deepEqual([set, clock.pending], [1, 0]);
  });
});

suite("R1: sent or not", () => {
  for (const code of ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "CERT_HAS_EXPIRED", "UND_ERR_CONNECT_TIMEOUT"])
    test(`${code} before the request: certainly not sent`, async () => {
      const { result } = await send({ connection: { kind: "fail", code } });
      const { sent, cause, message } = failed(result);
      assert.deepEqual({ sent, cause, message }, { sent: false, cause: "network", message: code });
    });

  test("a connection that breaks afterwards: not known", async () => {
    const { result } = await send({ script: { kind: "drop", afterMs: 5 } });
    assert.deepEqual([failed(result).sent, failed(result).message], [true, "ECONNRESET"]);
  });

  test("HTTP/2 says that a refused stream was not processed", async () => {
    const { result } = await send({
      script: { kind: "drop", code: "Stream closed with error code NGHTTP2_REFUSED_STREAM" },
    });
    assert.equal(failed(result).sent, false);
  });

  test("an answer cut short: not known, with the status that was seen", async () => {
    const cut: FakeScript = { kind: "answer", status: 200, body: "half", cut: true };
    assert.deepEqual(
      [failed((await send({ script: cut })).result).sent, failed((await send({ script: cut })).result).status],
      [true, 200],
    );
    const short: FakeScript = { kind: "answer", status: 200, headers: { "content-length": "10" }, body: "half" };
    assert.equal(failed((await send({ script: short })).result).message, "the answer has 4 of 10 bytes");
    const none: FakeScript = { ...short, body: "" };
    assert.equal(failed((await send({ script: none })).result).message, "the answer has 0 of 10 bytes");
  });

  test("HEAD and 304 announce a length that they do not send", async () => {
    const script: FakeScript = { kind: "answer", status: 200, headers: { "content-length": "5000" } };
    assert.equal(answered((await send({ script, method: "HEAD" })).result).status, 200);
    assert.equal(answered((await send({ script: { ...script, status: 304 } })).result).status, 304);
  });

  test("an abort before, while connecting, and after the request was sent", async () => {
    assert.deepEqual(failed((await send({ signal: AbortSignal.abort() })).result).sent, false);
    for (const [connection, sent] of [
      [{ kind: "open", afterMs: 100 }, false],
      [{ kind: "open" }, true],
    ] as const) {
      const clock = new VirtualClock();
      const dispatcher = fakeDispatcher({ clock, connect: () => connection, handle: () => ({ kind: "hang" }) });
      const abortion = new AbortController();
      const sending = sendOnce(
        REQUEST,
        { dispatcher, deadlines: new Deadlines(clock), timeouts: TIMEOUTS, bodyBytesMax: 10 },
        abortion.signal,
      );
      await clock.advance(50);
      abortion.abort();
      const failure = failed(await sending);
      assert.deepEqual([failure.sent, failure.cause], [sent, "abandoned"]);
      await clock.advance(100);
      assert.equal(dispatcher.requests.length, sent ? 1 : 0);
      assert.equal(clock.pending, 0);
    }
  });

  test("one abort ends everything that is under way", async () => {
    const clock = new VirtualClock();
    const dispatcher = fakeDispatcher({ clock, handle: () => ({ kind: "hang" }) });
    const abortion = new AbortController();
    const options = { dispatcher, deadlines: new Deadlines(clock), timeouts: TIMEOUTS, bodyBytesMax: 10 };
    const all = Array.from({ length: 100 }, () => sendOnce(REQUEST, options, abortion.signal));
    abortion.abort();
    assert.ok((await Promise.all(all)).every((result) => failed(result).cause === "abandoned"));
  });
});

suite("S4: size", () => {
  test("an answer that is announced to be too large is given up before it comes", async () => {
    const { result } = await send({
      bodyBytesMax: 10,
      script: { kind: "answer", status: 200, headers: { "content-length": "11" }, body: "x".repeat(11) },
    });
    assert.deepEqual([answered(result).isCut, answered(result).body.length], [true, 0]);
  });

  test("one that is not announced is given up when it is", async () => {
    const body = Array.from({ length: 100 }, () => "xxxx");
    const { result, atMs } = await send({
      bodyBytesMax: 10,
      script: { kind: "answer", status: 500, body, chunkEveryMs: 10 },
    });
    assert.deepEqual([answered(result).isCut, answered(result).status, atMs], [true, 500, 20]);
  });

  test("one that just fits is whole", async () => {
    const { result } = await send({
      bodyBytesMax: 10,
      script: { kind: "answer", status: 200, body: ["xxxxx", "xxxxx"] },
    });
    assert.deepEqual([answered(result).isCut, answered(result).body.length], [false, 10]);
  });
});

test("a dispatcher that throws, or that fails at once, is a failure like any other", async () => {
  const clock = new VirtualClock();
  const dispatcher = {
    dispatch: (): boolean => {
      throw new Error("invalid request path");
    },
  };
  const result = await sendOnce(
    REQUEST,
    { dispatcher, deadlines: new Deadlines(clock), timeouts: TIMEOUTS, bodyBytesMax: 10 },
    NEVER,
  );
  assert.deepEqual([failed(result).sent, failed(result).message, clock.pending], [false, "invalid request path", 0]);
});
