import assert from "node:assert/strict";
import { test } from "node:test";
import { Workplace } from "./harness.ts";

test("T6: the demo kills its own worker, resumes, and finds both sides level", async () => {
  const place = new Workplace();
  const ran = await place.run("demo", "--records", "300", "--seed", "3");
  place.remove();
  assert.equal(ran.exitCode, 0, ran.stdout + ran.stderr);
  assert.match(ran.stdout, /killed with \d+ records across and \d+ writes? unanswered/);
  assert.match(ran.stdout, /products +150 at the store, 150 in the shop: 0 missing, 0 different, 0 doubled/);
  assert.match(ran.stdout, /Level: nothing lost, nothing doubled/);
});
