import { createServer, connect, type AddressInfo } from "node:net";
import type { SeededChance } from "../../src/testing/seeded-chance.ts";

/** A TCP proxy on loopback that lets requests through and loses some answers: the connection ends instead. */
export async function losingProxy(
  target: string,
  chance: SeededChance,
  share: number,
): Promise<{ readonly url: string; readonly lost: () => number; readonly stop: () => Promise<void> }> {
  const { hostname, port } = new URL(target);
  let lost = 0;
  const server = createServer((client) => {
    const api = connect(Number(port), hostname);
    client.pipe(api);
    api.on("data", (chunk) => {
      if (chance.random() >= share) return void client.write(chunk);
      lost += 1;
      client.destroy();
      api.destroy();
    });
    for (const [side, other] of [
      [client, api],
      [api, client],
    ] as const) {
      side.on("error", () => other.destroy());
      side.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  server.unref();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lost: () => lost,
    stop: () => new Promise((done) => void server.close(() => done())),
  };
}
