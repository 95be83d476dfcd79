import { suite, test } from "node:test";
import assert from "node:assert/strict";
import { createSecrets, type Secrets } from "./secrets.ts";

function secretsOf(env: Record<string, string | undefined>, files: Record<string, string> = {}): Secrets {
  const readText = (path: string): string => {
    const text = files[path];
    if (text === undefined) throw new Error(`ENOENT: ${path}`);
    return text;
  };
  return createSecrets({ file: "/app/config/evenkeel.yaml", env, readText });
}

function replaced(secrets: Secrets, text: string): string {
  const reading = secrets.substitute(text, false);
  assert.ok(reading.ok, reading.ok ? "" : reading.reason);
  return reading.value;
}
function reasonOf(secrets: Secrets, text: string): string {
  const reading = secrets.substitute(text, false);
  assert.ok(!reading.ok);
  return reading.reason;
}

suite("S6: secrets", () => {
  test("come from the environment, else from .env beside the config, else from the default", () => {
    const secrets = secretsOf({ A: "env" }, { "/app/config/.env": "A=file\nB='from file'\n# C=comment\n" });
    assert.equal(replaced(secrets, "${A}"), "env");
    assert.equal(replaced(secrets, "x ${B} y"), "x from file y");
    assert.equal(replaced(secrets, "${C:-de:f}"), "de:f");
    assert.equal(replaced(secrets, "${A:-x}"), "env");
    assert.equal(replaced(secrets, "${C:-}"), "");
  });

  test("come from files beside the config, without the line break at their end", () => {
    const secrets = secretsOf(
      {},
      { "/app/config/token": "abc\n", "/run/secret": "x\r\n", "/app/config/two": "a\nb\n" },
    );
    assert.equal(replaced(secrets, "${file:token}"), "abc");
    assert.equal(replaced(secrets, "${file:/run/secret}"), "x");
    assert.equal(replaced(secrets, "${file:two}"), "a\nb");
    assert.match(reasonOf(secrets, "${file:none}"), /`none` cannot be read .*relative to the config/);
  });

  test("what is missing or empty is named, and that .env was looked at", () => {
    assert.match(reasonOf(secretsOf({}), "Bearer ${TOKEN}"), /`TOKEN`, which is not set.*\.env beside the config$/);
    assert.match(reasonOf(secretsOf({ TOKEN: "" }), "${TOKEN}"), /`TOKEN`, which is empty/);
    assert.match(reasonOf(secretsOf({}), "${toString}"), /is not set/);
  });

  test("lines of .env that set nothing are told by their numbers, and never by what is in them", () => {
    const text = "# comment\n\nSHOP_KEY: secret-4711\nA=a\nexport B='x\nsecret\ny'\nC\n";
    const reason = reasonOf(secretsOf({}, { "/app/config/.env": text }), "${SHOP_KEY}");
    assert.match(reason, /file \.env beside the config, whose lines 3, 8 are no `NAME=value`$/);
    assert.doesNotMatch(reason, /secret/);
    const one = secretsOf({}, { "/app/config/.env": "SHOP_KEY: secret-4711" });
    assert.match(reasonOf(one, "${SHOP_KEY}"), /, whose line 1 is no `NAME=value`$/);
  });

  test("what is said to do about it never puts a secret into the config", () => {
    const nextOf = (secret: boolean): string => {
      const reading = secretsOf({}).substitute("${TOKEN}", secret);
      return reading.ok ? "" : (reading.next ?? "");
    };
    assert.equal(nextOf(true), "Say `export TOKEN=...`, or write `TOKEN=...` into that file.");
    assert.match(nextOf(false), /^Say `export TOKEN=\.\.\.`, .*default: `\$\{TOKEN:-\.\.\.\}`\.$/);
  });

  test("what is no reference is told, and $${ stands for the characters", () => {
    const secrets = secretsOf({ A: "a" });
    assert.equal(replaced(secrets, "$${A} costs $5 {x}"), "${A} costs $5 {x}");
    assert.match(reasonOf(secrets, "${a b}"), /not a variable/);
    assert.match(reasonOf(secrets, "${}"), /not a variable/);
    assert.match(reasonOf(secrets, "${A"), /without its `\}`/);
  });

  test("where they need not be set, something stands for them alone", () => {
    const placeholder = (name: string, secret: boolean): string | undefined => (secret ? `<${name}>` : undefined);
    const readText = (): string => {
      throw new Error("ENOENT");
    };
    const secrets = createSecrets({ file: "/app/evenkeel.yaml", env: { A: "a" }, readText, placeholder });
    const said = (text: string, secret: boolean): string | undefined => {
      const reading = secrets.substitute(text, secret);
      return reading.ok ? reading.value : undefined;
    };
    assert.equal(said("Bearer ${TOKEN}", true), "Bearer <TOKEN>");
    assert.equal(said("${file:key.pem}", true), "<key.pem>");
    assert.equal(said("${A}", true), "a");
    assert.equal(said("${FOLDER}/state.db", false), undefined);
    assert.equal(said("${file:folder}", false), undefined);
  });

  test("a value is not read again", () => {
    assert.equal(replaced(secretsOf({ A: "${B}", B: "b" }), "${A}"), "${B}");
  });

  test("values put into auth and headers are kept for redaction, longest first; others are not", () => {
    const secrets = secretsOf({ A: "short", B: "much-longer", C: "public" });
    secrets.substitute("Bearer ${A}", true);
    secrets.substitute("${B}${B}", true);
    secrets.substitute("${C}", false);
    assert.deepEqual(secrets.values(), ["much-longer", "short"]);
  });
});
