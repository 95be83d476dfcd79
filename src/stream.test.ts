import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createStream, streaming } from "./stream.ts";

suite("a stream of findings", () => {
  test("whoever breathes loses nothing to a slow reader, however much there is", async () => {
    const stream = createStream<number>();
    const produce = async (): Promise<number> => {
      for (let value = 0; value < 300_000; value++) {
        stream.push(value);
        if (value % 500 === 0) await stream.breathe();
      }
      return 1;
    };
    const found = streaming(stream, Promise.resolve().then(produce));
    let [expected, read] = [0, 0];
    for await (const value of found) {
      assert.equal(value, expected++);
      if ((read += 1) % 10_000 === 0) await new Promise((done) => setTimeout(done, 1));
    }
    assert.deepEqual([expected, await found.result], [300_000, 1]);
  });

  test("nobody has to read, and who has stopped reading holds nobody up", async () => {
    const stream = createStream<number>();
    const produce = async (): Promise<void> => {
      for (let value = 0; value < 50_000; value++) {
        stream.push(value);
        if (value % 500 === 0) await stream.breathe();
      }
    };
    const found = streaming(stream, Promise.resolve().then(produce));
    for await (const value of found) if (value === 3) break;
    await found.result;
    const unread = createStream<number>();
    for (let value = 0; value < 50_000; value++) unread.push(value);
    await unread.breathe();
  });
});
