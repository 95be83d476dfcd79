import { suite, test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compileExpression } from "../src/config/expression.ts";
import { loadConfig } from "../src/config/load.ts";
import { withReference } from "../scripts/config-reference.ts";
import { configTypes } from "../scripts/config-types.ts";

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), "utf8");
const page = read("docs/config.md");
const again = "run `node scripts/generate-config.ts`";

suite("docs/config.md", () => {
  test("its reference is the schema's", () => {
    assert.equal(page, withReference(page), again);
  });

  test("the types of TypeScript configs are the schema's", () => {
    // The formatter breaks lines and unions as it likes; everything else must be the same.
    const bare = (text: string): string => text.replace(/[\s|;()]+/g, "");
    assert.equal(bare(read("src/config/config-input.ts")), bare(configTypes()), again);
  });

  for (const file of ["docs/config.md", "README.md"]) {
    const examples = [...read(file).matchAll(/^```yaml\n(.*?)^```/gms)]
      .map(([, example]) => example ?? "")
      .filter((example) => example.includes("connections:"));
    test(`every whole config in ${file} loads`, async () => {
      assert.ok(examples.length > 0);
      for (const example of examples) {
        const env = Object.fromEntries([...example.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => [name, "secret"]));
        const { config } = await loadConfig({
          file: "evenkeel.yaml",
          env,
          readFile: (path) => (path === "evenkeel.yaml" ? example : "secret"),
        });
        assert.ok(Object.keys(config.syncs).length > 0);
      }
    });
  }

  test("what it says of expressions is so", async () => {
    const record = { lines: [{ sku: "a" }], title: "t" };
    assert.deepEqual(compileExpression("lines.sku").evaluate(record), ["a"]);
    assert.equal(await compileExpression("lines.(sku & '-x')").evaluate(record), "a-x");
    assert.deepEqual(await compileExpression("[lines.(sku & '-x')]").evaluate(record), ["a-x"]);
  });
});
