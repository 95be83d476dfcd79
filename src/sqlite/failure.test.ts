import assert from "node:assert/strict";
import { test } from "node:test";
import { EvenkeelError } from "../core/errors.ts";
import { translated } from "./failure.ts";

test("a disk that fails is not told to be full alone", () => {
  const nextOf = (errcode: number): string => {
    const error = translated(Object.assign(new Error("SQLite says"), { errcode }), "state.db");
    assert.ok(error instanceof EvenkeelError);
    assert.equal(error.code, "LEDGER_FULL");
    return error.next ?? "";
  };
  // SQLITE_IOERR_WRITE, and SQLITE_FULL.
  assert.match(nextOf(778), /^The disk failed or is full/);
  assert.match(nextOf(13), /^Free some space/);
});
