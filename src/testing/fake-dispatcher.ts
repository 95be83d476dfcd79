import type { Dispatcher } from "undici";
import type { Clock } from "../core/clock.ts";

/** A request as it arrived at the fake API. */
export interface FakeRequest {
  /** Counts from 1, in order of arrival. */
  readonly number: number;
  readonly method: string;
  readonly origin: string;
  /** With the query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Monotonic. */
  readonly atMs: number;
}

/** What becomes of the connection before anything is sent. */
export type FakeConnection =
  | { readonly kind: "open"; readonly afterMs?: number }
  /** Never sent: `ECONNREFUSED`, `ENOTFOUND`, `UND_ERR_CONNECT_TIMEOUT`, a certificate's code. */
  | { readonly kind: "fail"; readonly afterMs?: number; readonly code: string };

/** What becomes of a request that arrived; whatever it does to the fake API's state has been done by whoever returns this. */
export type FakeScript =
  | {
      readonly kind: "answer";
      readonly afterMs?: number;
      readonly status: number;
      readonly headers?: Readonly<Record<string, string | string[]>>;
      /** One chunk, or several with `chunkEveryMs` between them. */
      readonly body?: string | Uint8Array | readonly (string | Uint8Array)[];
      readonly chunkEveryMs?: number;
      /** Resets the connection after the chunks instead of ending the answer. */
      readonly cut?: boolean;
      /** Called when it arrives at whoever still waits for it. */
      readonly onHeard?: () => void;
    }
  /** Resets the connection without an answer: the request may or may not have been applied. */
  | { readonly kind: "drop"; readonly afterMs?: number; readonly code?: string }
  /** Never answers. */
  | { readonly kind: "hang" };

export interface FakeOptions {
  readonly clock: Clock;
  /** Called for each dispatch; open at once when absent. */
  readonly connect?: (request: Pick<FakeRequest, "method" | "origin" | "path">) => FakeConnection;
  /** Called when a request arrives, in order of arrival. */
  readonly handle: (request: FakeRequest) => FakeScript | Promise<FakeScript>;
}

/** A network without sockets: calls a handler as undici's dispatcher does, on any clock, always in the same order (T1). */
export interface FakeDispatcher extends Pick<Dispatcher, "dispatch"> {
  close(): Promise<void>;
  /** Every request that arrived. */
  readonly requests: readonly FakeRequest[];
}

export function fakeDispatcher(options: FakeOptions): FakeDispatcher {
  const requests: FakeRequest[] = [];
  return {
    requests,
    close: async () => undefined,
    dispatch(sent, handler) {
      void play(sent, handler, options, requests);
      return true;
    },
  };
}

async function play(
  sent: Dispatcher.DispatchOptions,
  handler: Dispatcher.DispatchHandler,
  { clock, connect, handle }: FakeOptions,
  requests: FakeRequest[],
): Promise<void> {
  const { method, path } = sent;
  const origin = String(sent.origin);
  const connection = connect?.({ method, origin, path }) ?? { kind: "open" };
  if (connection.afterMs !== undefined) await clock.sleep(connection.afterMs);
  if (connection.kind === "fail") {
    handler.onResponseError?.(undefined as never, failure(connection.code));
    return;
  }
  const controller = new FakeController(handler);
  handler.onRequestStart?.(controller, {});
  if (controller.aborted) return;
  const request: FakeRequest = {
    number: requests.length + 1,
    method,
    origin,
    path,
    headers: lowerCase(sent.headers as Readonly<Record<string, string>>),
    body: textOf(sent.body),
    atMs: clock.monotonicMs(),
  };
  requests.push(request);
  await answer(await handle(request), handler, controller, clock);
}

async function answer(
  script: FakeScript,
  handler: Dispatcher.DispatchHandler,
  controller: FakeController,
  clock: Clock,
): Promise<void> {
  if (script.kind === "hang") return;
  if (script.afterMs !== undefined) await clock.sleep(script.afterMs);
  if (controller.aborted) return;
  if (script.kind === "drop") {
    handler.onResponseError?.(controller, failure(script.code ?? "ECONNRESET"));
    return;
  }
  const { body = "", chunkEveryMs, cut } = script;
  const chunks = typeof body === "string" || body instanceof Uint8Array ? [body] : body;
  script.onHeard?.();
  handler.onResponseStart?.(controller, script.status, { ...script.headers }, "");
  for (const [index, chunk] of chunks.entries()) {
    if (index > 0 && chunkEveryMs !== undefined) await clock.sleep(chunkEveryMs);
    if (controller.aborted) return;
    if (chunk.length > 0) handler.onResponseData?.(controller, Buffer.from(chunk as string));
  }
  if (controller.aborted) return;
  if (cut === true) handler.onResponseError?.(controller, failure("UND_ERR_SOCKET", "other side closed"));
  else handler.onResponseEnd?.(controller, {});
}

/** As undici's: aborting calls `onResponseError` before it returns. */
class FakeController implements Dispatcher.DispatchController {
  readonly #handler: Dispatcher.DispatchHandler;
  aborted = false;
  paused = false;
  reason: Error | null = null;

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler;
  }

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.#handler.onResponseError?.(this, reason);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }
}

const failure = (code: string, message: string = code): Error => Object.assign(new Error(message), { code });

/** What the client sends: text, or nothing. */
function textOf(body: Dispatcher.DispatchOptions["body"]): string | undefined {
  if (body === null || body === undefined) return undefined;
  if (typeof body === "string") return body;
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  throw new TypeError("the fake network takes text and bytes only");
}

const lowerCase = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
