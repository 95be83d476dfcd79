import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { json, startApi, Workplace, type Api } from "./e2e/harness.ts";
import { textOf } from "./files.ts";

const page = textOf("README.md");

/** The commands under "Your own two APIs", in their order. */
const commands = [...page.matchAll(/^evenkeel ([a-z]+) +# /gm)].map(([, name = ""]) => name);

/** Worlds that are played here; a hundred take too long. */
const FLAGS: Readonly<Record<string, readonly string[]>> = { rehearse: ["--seeds", "3"] };

/** The two APIs that the README's config and the starter are about. */
suite("the README's commands, in their order", () => {
  const products = Array.from({ length: 7 }, (_, index) => ({
    id: index + 1,
    title: `Product ${index + 1}`,
    price: index / 4,
    updated_at: `2026-01-0${index + 1}T00:00:00Z`,
  }));
  const items = new Map<string, unknown>();
  let api: Api;

  before(async () => {
    api = await startApi((request, body, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://x");
      const [, , collection, id] = pathname.split("/");
      const isStore = collection === "products";
      const { authorization, "x-api-key": key } = request.headers;
      if (isStore ? authorization !== "Bearer secret-of-store" : key !== "secret-of-shop")
        return json(response, 401, {});
      if (id === undefined) {
        const since = searchParams.get("updated_since") ?? "";
        const all = isStore ? products.filter(({ updated_at }) => updated_at >= since) : [...items.values()];
        const from = Number(searchParams.get("cursor") ?? 0);
        const next = from + 3 < all.length ? String(from + 3) : null;
        return json(response, 200, { data: all.slice(from, from + 3), meta: { next_cursor: next } });
      }
      if (request.method === "PUT") items.set(id, JSON.parse(body));
      return items.has(id) ? json(response, 200, items.get(id)) : json(response, 404, {});
    });
  });
  after(() => api.stop());

  const configured = (config: string): string =>
    config.replaceAll(/https:\/\/api\.(?:source|destination)\.example\/v1/g, `${api.url}/v1`);

  test("there are those that the help's first screen shows", () => {
    assert.deepEqual(commands, ["init", "validate", "probe", "rehearse", "plan", "run", "check"]);
  });

  for (const [whose, configOf] of [
    ["the config below them", () => /^```yaml\n(.*?)^```/ms.exec(page)?.[1] ?? ""],
    ["the config that `init` writes", (written: string) => written],
  ] as const)
    test(`work with ${whose}`, async () => {
      items.clear();
      const place = new Workplace({ STORE_TOKEN: "secret-of-store", SHOP_KEY: "secret-of-shop" });
      for (const command of commands) {
        const { exitCode, stdout, stderr } = await place.run(command, ...(FLAGS[command] ?? []));
        assert.equal(exitCode, 0, `${command}: ${stdout}${stderr}`);
        if (command === "init")
          place.write(configured(configOf(readFileSync(join(place.folder, "evenkeel.yaml"), "utf8"))));
      }
      assert.equal(items.size, products.length);
      place.remove();
    });
});
