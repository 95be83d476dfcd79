import assert from "node:assert/strict";
import { test } from "node:test";
import { inOrder } from "./in-order.ts";

const NEVER = new AbortController().signal;

/** Work that ends when it is told to. */
function byHand(): {
  readonly began: string[];
  work(item: { readonly name: string }): Promise<string>;
  end(name: string, error?: Error): Promise<void>;
} {
  const began: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  return {
    began,
    work: ({ name }) => {
      began.push(name);
      return new Promise((done, failed) =>
        ends.set(name, (error) => (error === undefined ? done(`did ${name}`) : failed(error))),
      );
    },
    async end(name, error) {
      ends.get(name)?.(error);
      await new Promise((turn) => setImmediate(turn));
    },
  };
}

const items = (...names: readonly string[]): { name: string; after: string[] }[] =>
  names.map((each) => {
    const [name = "", ...after] = each.split("<");
    return { name, after };
  });

test("one at a time, everything goes in its order", async () => {
  const { began, work, end } = byHand();
  const all = inOrder(items("a", "b<a", "c"), { atOnce: 1, stop: NEVER }, work);
  for (const name of ["a", "b", "c"]) {
    assert.equal(began.at(-1), name);
    await end(name);
  }
  assert.deepEqual(await all, ["did a", "did b", "did c"]);
});

test("several at once, but none before those it comes after; results keep the order", async () => {
  const { began, work, end } = byHand();
  const all = inOrder(items("a", "b<a", "c", "d", "e<b<c"), { atOnce: 2, stop: NEVER }, work);
  assert.deepEqual(began, ["a", "c"]);
  await end("c");
  assert.deepEqual(began, ["a", "c", "d"], "b waits for a, whoever has room");
  await end("a");
  assert.deepEqual(began, ["a", "c", "d", "b"]);
  await end("d");
  assert.equal(began.length, 4, "e waits for b");
  await end("b");
  await end("e");
  assert.deepEqual(await all, ["did a", "did b", "did c", "did d", "did e"]);
});

test("what is not among them is not waited for", async () => {
  const { work, end } = byHand();
  const all = inOrder(items("b<a"), { atOnce: 4, stop: NEVER }, work);
  await end("b");
  assert.deepEqual(await all, ["did b"]);
  assert.deepEqual(await inOrder([], { atOnce: 4, stop: NEVER }, work), []);
});

test("once it is stopped, what began ends and nothing more begins", async () => {
  const { began, work, end } = byHand();
  const stop = new AbortController();
  const all = inOrder(items("a", "b", "c"), { atOnce: 2, stop: stop.signal }, work);
  stop.abort();
  await end("a");
  await end("b");
  assert.deepEqual(await all, ["did a", "did b"]);
  assert.deepEqual(began, ["a", "b"]);
});

test("an error is thrown when all that began has ended", async () => {
  const { began, work, end } = byHand();
  let thrown: unknown;
  const all = inOrder(items("a", "b", "c"), { atOnce: 2, stop: NEVER }, work).catch((error: unknown) => {
    thrown = error;
  });
  await end("a", new Error("the disk is full"));
  assert.equal(thrown, undefined, "b goes on");
  await end("b");
  await all;
  assert.match(String(thrown), /the disk is full/);
  assert.deepEqual(began, ["a", "b"]);
});
