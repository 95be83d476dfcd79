import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { top } from "./files.ts";
import { rehearse } from "../src/index.ts";
import { json, startApi, Workplace } from "./e2e/harness.ts";

const folder = join(top, "examples");
const configs = readdirSync(folder).filter((name) => name.endsWith(".yaml"));

/** Whatever variables a config names, with a value. */
const environment = (config: string): Record<string, string> =>
  Object.fromEntries([...config.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => [name, `value-of-${name}`]));

suite("the examples", () => {
  test("examples/README.md names each of them", () => {
    const readme = readFileSync(join(folder, "README.md"), "utf8");
    for (const name of readdirSync(folder)) if (name !== "README.md") assert.ok(readme.includes(`](${name})`), name);
  });

  for (const name of configs)
    test(`${name} holds in a rehearsal`, async () => {
      const { syncs } = await rehearse({ configFile: join(folder, name), env: {}, worlds: 10 }).result;
      for (const { broken, broke } of syncs) assert.equal(broken, 0, JSON.stringify(broke));
    });

  for (const name of configs) {
    test(`${name} is valid, and a run of it creates each record once, and nothing the second time`, async () => {
      const config = readFileSync(join(folder, name), "utf8");
      const records = [1, 2, 3].map((id) => ({
        id: `id-${id}`,
        title: `Record ${id}`,
        name: `Record ${id}`,
        email: `${id}@example.com`,
        price: id / 4,
        tags: ["a", "b"],
        updated_at: `2026-01-0${id}T00:00:00Z`,
      }));
      const created = new Map<string, string>();
      const api = await startApi((request, body, response) => {
        const url = new URL(request.url ?? "/", "http://x");
        if (request.method === "GET")
          return url.searchParams.has("externalId")
            ? json(response, 200, { data: [] })
            : json(response, 200, { data: records, meta: { next_cursor: null } });
        created.set(`${url.pathname} ${body}`, body);
        return json(response, 200, { id: `made-${created.size}` });
      });
      const place = new Workplace({
        ...environment(config),
        ...Object.fromEntries(
          [...config.matchAll(/\$\{(\w+_URL):-/g)].map(([, variable]) => [variable as string, api.url]),
        ),
      });
      place.write(config);
      try {
        const valid = await place.run("validate");
        assert.equal(valid.exitCode, 0, valid.stderr);
        const ran = await place.run("run");
        assert.equal(ran.exitCode, 0, ran.stderr + ran.stdout);
        assert.equal(created.size, 3);
        const written = api.requests.filter(({ method }) => method !== "GET").length;
        assert.equal(written, 3);
        assert.equal((await place.run("run")).exitCode, 0);
        assert.equal(api.requests.filter(({ method }) => method !== "GET").length, written);
      } finally {
        place.remove();
        await api.stop();
      }
    });
  }
});
