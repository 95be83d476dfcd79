import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { Workplace } from "./harness.ts";

test("T6: the demo kills its own worker, resumes, and finds both sides level", async () => {
  const place = new Workplace();
  const ran = await place.run("demo", "--records", "300", "--seed", "3");
  place.remove();
  assert.equal(ran.exitCode, 0, ran.stdout + ran.stderr);
  assert.match(ran.stdout, /killed with \d+ records across and \d+ writes? unanswered/);
  assert.match(ran.stdout, /products +store 150, shop 150: 0 missing, 0 different, 0 doubled/);
  assert.match(ran.stdout, /Level: nothing lost, nothing doubled/);
  for (const line of ran.stdout.split("\n").filter((each) => !each.startsWith("  evenkeel ")))
    assert.ok(line.length <= 80, line);
});

test("a demo that is interrupted says so, and leaves nothing", async () => {
  const place = new Workplace({ TMPDIR: "." });
  const running = place.start("demo", "--records", "1000");
  await running.said(/^3\. /m);
  running.kill("SIGINT");
  const { exitCode, stdout, stderr } = await running.ended;
  assert.equal(exitCode, 130, stdout + stderr);
  assert.match(stderr, /^RUN_INTERRUPTED: the demo was interrupted/);
  assert.doesNotMatch(stdout, /^4\. |LEVEL/m);
  assert.deepEqual(
    readdirSync(place.folder).filter((name) => name.startsWith("evenkeel")),
    [],
  );
  place.remove();
});
