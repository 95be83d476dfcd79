/**
 * A sync inside a program of your own: `node nightly.ts`, with STORE_URL, SHOP_URL and SHOP_KEY in the environment. It ends with the exit
 * codes of the command: 0 when the destination is level, 1 when some records could not be written.
 *
 * It runs in a folder where `evenkeel` is installed (`npm install evenkeel`), and whose package.json says `"type": "module"`.
 */
import process from "node:process";
import { defineConfig, open } from "evenkeel";

/** Ends with a message where a variable is not set. */
function needed(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`set ${name} in the environment`);
  return value;
}

const config = defineConfig({
  connections: {
    store: { baseUrl: needed("STORE_URL") },
    shop: { baseUrl: needed("SHOP_URL"), auth: { type: "header", name: "X-Api-Key", value: "${SHOP_KEY}" } },
  },
  syncs: {
    products: {
      source: {
        connection: "store",
        request: "GET /products",
        records: "data",
        key: "id",
        pagination: { type: "cursor", next: "meta.next_cursor", param: "cursor" },
      },
      mapping: {
        sku: "id",
        name: "title",
        // A function where an expression would be clumsy; raise the version when it changes.
        initials: (product) =>
          String((product as { title: unknown }).title)
            .split(" ")
            .map((word) => word.charAt(0).toUpperCase())
            .join(""),
      },
      mappingVersion: "1",
      destination: { connection: "shop", upsert: "PUT /items/{sku}" },
    },
  },
});

// A scheduler's SIGTERM, or an hour: no further page is taken, and what is under way is finished.
const stopped = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopped.abort());

const evenkeel = await open({ config });
try {
  const run = evenkeel.run({ signal: AbortSignal.any([stopped.signal, AbortSignal.timeout(3_600_000)]) });
  for await (const event of run) {
    if (event.type === "rejected") console.error(`${event.key} was refused: ${event.reason}`);
    if (event.type === "warning") console.error(event.message);
  }
  const { syncs, exitCode } = await run.result;
  for (const { sync, status, counts } of syncs)
    console.log(
      `${sync}: ${status}, ${counts.created} created, ${counts.updated} updated, ${counts.unchanged} unchanged`,
    );
  process.exitCode = exitCode;
} finally {
  await evenkeel.close();
}
