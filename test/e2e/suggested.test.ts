/** Commands that an output shows are copied as they stand: they act on the config and the ledger that the command before them was given. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { cursorPage, json, SOURCE, startApi, Workplace, type Api, type Ran } from "./harness.ts";

/** Commands in back-ticks, as words: what these tests name needs no quotes. */
const commandsIn = ({ stdout, stderr }: Ran): readonly (readonly string[])[] =>
  [...(stdout + stderr).matchAll(/`evenkeel ([^`]+)`/g)].map(([, words = ""]) => words.split(" "));

suite("commands that are shown", () => {
  const place = new Workplace();
  let store: Api;
  let shop: Api;
  const configOf = (path: string): string => `
connections:
  store: { baseUrl: "${store.url}" }
  shop: { baseUrl: "${shop.url}" }
syncs:
  records:${SOURCE}
    destination: { connection: shop, upsert: "PUT /${path}/{id}" }
`;

  before(async () => {
    const records = [1, 2, 3].map((id) => ({ id }));
    store = await startApi((request, _body, response) => cursorPage(records, request, response, 5));
    shop = await startApi((_request, _body, response) => json(response, 200, {}));
    place.write(configOf("items"));
    place.write(configOf("items"), "other.yaml");
  });
  after(async () => {
    place.remove();
    await Promise.all([store.stop(), shop.stop()]);
  });

  const OTHER = ["--config", "other.yaml", "--state", "other.db"];
  const entriesOf = async (...args: string[]): Promise<number> => {
    const { stdout } = await place.run("status", "--json", ...args);
    return (JSON.parse(stdout) as { counts: { entries: number } }).counts.entries;
  };

  test("forget what they say, and nothing else", async () => {
    assert.equal((await place.run("run")).exitCode, 0);
    assert.equal((await place.run("run", ...OTHER)).exitCode, 0);
    place.write(configOf("goods"), "other.yaml");
    const refused = await place.run("run", ...OTHER);
    assert.equal(refused.exitCode, 2, refused.stdout);
    const [command] = commandsIn(refused);
    assert.deepEqual(command, ["state", "reset", "records", "--entries", "--yes", ...OTHER]);
    // Without `--yes` it says the same again.
    const asked = await place.run(...(command as string[]).filter((word) => word !== "--yes"));
    assert.deepEqual(commandsIn(asked), [command]);
    assert.equal((await place.run(...(command as string[]))).exitCode, 0);
    assert.equal(await entriesOf(...OTHER), 0);
    assert.equal(await entriesOf(), 3);
  });

  test("are the same for a program", async () => {
    place.write(configOf("items"), "other.yaml");
    await place.run("run", ...OTHER);
    place.write(configOf("goods"), "other.yaml");
    const { events } = await place.run("run", "--json", ...OTHER);
    const nexts = events.flatMap((event) =>
      "next" in event ? [event.next] : "error" in event ? [event.error?.next] : [],
    );
    assert.ok(nexts.length > 0);
    for (const next of nexts) assert.match(next ?? "", /--entries --yes --config other\.yaml --state other\.db`/);
  });
});
