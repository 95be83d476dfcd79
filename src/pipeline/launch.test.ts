import assert from "node:assert/strict";
import { test } from "node:test";
import type { Checkpoint } from "../core/checkpoint.ts";
import type { Delivery } from "./deliver.ts";
import { Launch } from "./launch.ts";

interface Page {
  readonly end: { readonly end: Checkpoint };
  readonly durable: (deliveries: readonly Delivery[]) => void;
  readonly broken: (error: Error) => void;
  readonly journalled: Promise<readonly Delivery[]>;
}

function page(cursor: string): Page {
  const { promise, resolve, reject } = Promise.withResolvers<readonly Delivery[]>();
  return { end: { end: { cursor } as Checkpoint }, durable: resolve, broken: reject, journalled: promise };
}

const NOTHING_WAITS = { planned: [] };
const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

function launch() {
  const told: string[] = [];
  const launched = new Launch(
    {
      expect: () => undefined,
      start: (delivery, number) => told.push(`${delivery as unknown as string} of ${number}`) as never,
    },
    { open: ({ cursor }) => told.push(`opens ${cursor}`) },
  );
  return { launched, told };
}

test("K1: a page starts when its intents are durable, in the order of the pages; the next one need not wait for that", async () => {
  const { launched, told } = launch();
  const [first, second] = [page("1"), page("2")];
  await launched.page(first.end, NOTHING_WAITS, first.journalled);
  let isNext = false;
  const next = launched.page(second.end, NOTHING_WAITS, second.journalled).then(() => (isNext = true));
  second.durable(["b"] as never);
  await turn();
  assert.deepEqual([told, isNext], [[], false], "the second is durable, and waits for the first");
  first.durable(["a"] as never);
  await next;
  await launched.all();
  assert.deepEqual(told, ["opens 1", "a of 1", "opens 2", "b of 3"]);
});

test("a journal that fails is heard of by the next page, and by whoever waits for all", async () => {
  const { launched, told } = launch();
  const [first, second] = [page("1"), page("2")];
  await launched.page(first.end, NOTHING_WAITS, first.journalled);
  first.broken(new Error("the disk is full"));
  second.durable([]);
  await assert.rejects(launched.page(second.end, NOTHING_WAITS, second.journalled), /disk is full/);
  await assert.rejects(launched.all(), /disk is full/);
  assert.deepEqual(told, []);
});
