import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";
import { suite, test } from "node:test";
import { completed } from "./command-line.ts";

suite("commands that the engine shows", () => {
  test("name the config and the ledger that the user named, as a shell takes them", () => {
    const subject = { config: "my shop.yaml", state: "/var/lib/shop.db" };
    assert.equal(
      completed("Decide: `evenkeel state reset products --entries --yes`, or `evenkeel init`.", subject),
      "Decide: `evenkeel state reset products --entries --yes --config 'my shop.yaml' --state /var/lib/shop.db`, or `evenkeel init --config 'my shop.yaml' --state /var/lib/shop.db`.",
    );
  });

  test("once, and before what is behind `--`", () => {
    const subject = { config: "a.yaml", state: "a.db" };
    const whole = "`evenkeel explain products --config a.yaml --state a.db -- -5`";
    assert.equal(completed("`evenkeel explain products -- -5`", subject), whole);
    assert.equal(completed(whole, subject), whole);
    assert.equal(completed("`evenkeel run -c b.yaml`", subject), "`evenkeel run -c b.yaml --state a.db`");
  });

  test("pages of the documentation are named as files of the package", () => {
    const [, file = ""] =
      /^see (.+), or other\/docs\/config\.md$/.exec(completed("see docs/config.md, or other/docs/config.md", {})) ?? [];
    assert.ok(isAbsolute(file) && existsSync(file), file);
  });

  test("stay as they are where nothing was named, and where they only show what there is", () => {
    assert.equal(completed("`evenkeel run products`", {}), "`evenkeel run products`");
    assert.equal(completed("`evenkeel run --help`", { config: "a.yaml" }), "`evenkeel run --help`");
    assert.equal(completed("say `--config`, run evenkeel", { config: "a.yaml" }), "say `--config`, run evenkeel");
  });
});
