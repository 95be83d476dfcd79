import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A real HTTP server on loopback, at a port that the system chooses. */
export interface Listener {
  readonly url: string;
  close(): Promise<void>;
}

/** Bodies of the demo are small; anything longer is not from the demo. */
const BODY_BYTES_MAX = 1_000_000;

export type Answer = (request: IncomingMessage, body: string, response: ServerResponse) => Promise<void> | void;

export async function listen(answer: Answer): Promise<Listener> {
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      body += chunk;
      if (body.length > BODY_BYTES_MAX) request.destroy();
    });
    request.on("end", () => void Promise.resolve(answer(request, body, response)).catch(() => response.destroy()));
  });
  await new Promise<void>((done, failed) => {
    server.once("error", failed);
    server.listen(0, "127.0.0.1", done);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}
