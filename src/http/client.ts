import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import type { Dispatcher } from "undici";
import type { Clock } from "../core/clock.ts";

/** Time limits of one attempt (R9), ms. */
export interface Timeouts {
  readonly connectMs: number;
  readonly headersMs: number;
  readonly idleMs: number;
  readonly totalMs: number;
}

/** A request as it goes on the wire, credentials included. */
export interface WireRequest {
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** What came back. `sent` is false only when the request certainly never left (R1). */
export type WireResult =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Buffer;
    }
  | {
      readonly kind: "failure";
      readonly sent: boolean;
      readonly message: string;
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly tooLarge?: boolean;
    };

export interface WireOptions {
  readonly dispatcher: Pick<Dispatcher, "dispatch">;
  readonly clock: Clock;
  readonly timeouts: Timeouts;
  /** Of the decoded body (S4). */
  readonly bodyBytesMax: number;
}

/** S4: a body that unpacks to more than so many times its size is an attack or a mistake, unless it is small all the same. */
const COMPRESSION_RATIO_MAX = 200;
const SMALL_BYTES = 1_048_576;

type Phase = "connect" | "headers" | "idle";

/**
 * Sends one request on undici's dispatcher and collects the whole answer within its limits. Redirects are not followed, nothing is
 * retried. Never throws.
 */
export function sendOnce(request: WireRequest, options: WireOptions, signal: AbortSignal): Promise<WireResult> {
  return new Promise((done) => {
    const exchange = new WireExchange(options, (result) => {
      signal.removeEventListener("abort", abort);
      done(result);
    });
    const abort = (): void => exchange.abort("the run was ended");
    if (signal.aborted) return done({ kind: "failure", sent: false, message: "the run was ended" });
    signal.addEventListener("abort", abort, { once: true });
    exchange.start();
    try {
      options.dispatcher.dispatch(
        {
          origin: request.origin,
          path: request.path,
          method: request.method as Dispatcher.HttpMethod,
          headers: request.headers as Record<string, string>,
          body: request.body ?? null,
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        exchange,
      );
    } catch (error) {
      exchange.onResponseError(undefined, error as Error);
    }
  });
}

/** The handler of one dispatch: undici calls it, in order, from the request's start to its end. */
class WireExchange implements Dispatcher.DispatchHandler {
  readonly #options: WireOptions;
  readonly #done: (result: WireResult) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #phase: Phase = "connect";
  #phaseSinceMs = 0;
  #startedMs = 0;
  #timer: { cancel(): void } | undefined;
  #finished = false;
  #started = false;
  #status = 0;
  #headers: Record<string, string> = {};
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(options: WireOptions, done: (result: WireResult) => void) {
    this.#options = options;
    this.#done = done;
  }

  start(): void {
    this.#startedMs = this.#options.clock.monotonicMs();
    this.#enter("connect");
    this.#watch();
  }

  /** Ends it from outside; what it came to depends on whether the request had left. */
  abort(message: string): void {
    this.#fail(message);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#finished) return controller.abort(new Error("given up"));
    // From here on bytes are written: whatever happens next, the request may have arrived.
    this.#started = true;
    this.#enter("headers");
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = joined(headers);
    this.#enter("idle");
    const announced = Number(this.#headers["content-length"]);
    if (announced > this.#options.bodyBytesMax) this.#tooLarge(`${announced} bytes`);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#enter("idle");
    this.#bytes += chunk.length;
    if (this.#bytes > this.#options.bodyBytesMax)
      return this.#tooLarge(`more than ${this.#options.bodyBytesMax} bytes`);
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#finished) return;
    const raw = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    const announced = this.#headers["content-length"];
    if (announced !== undefined && raw.length > 0 && Number(announced) !== raw.length)
      return this.#fail(`the answer has ${raw.length} of ${announced} bytes`);
    const decoded = decode(raw, this.#headers["content-encoding"], this.#options.bodyBytesMax);
    if (decoded === "too large") return this.#tooLarge("unpacked");
    if (decoded === "unreadable")
      return this.#fail(`the answer's ${this.#headers["content-encoding"]} body cannot be unpacked`);
    this.#finish({ kind: "answer", status: this.#status, headers: this.#headers, body: decoded });
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#fail(describe(error), !this.#started || isRefusedStream(error));
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.#phaseSinceMs = this.#options.clock.monotonicMs();
  }

  /** R9: one timer for all four limits: it sleeps until the nearest one could be over, and looks again. */
  #watch(): void {
    const { clock, timeouts } = this.#options;
    const nowMs = clock.monotonicMs();
    const limitMs = { connect: timeouts.connectMs, headers: timeouts.headersMs, idle: timeouts.idleMs }[this.#phase];
    const phaseLeftMs = this.#phaseSinceMs + limitMs - nowMs;
    const totalLeftMs = this.#startedMs + timeouts.totalMs - nowMs;
    if (totalLeftMs <= 0) return this.#fail(`no complete answer within ${timeouts.totalMs} ms`);
    if (phaseLeftMs <= 0) return this.#fail(PHASE_OVER[this.#phase](limitMs));
    this.#timer = clock.after(Math.min(phaseLeftMs, totalLeftMs), () => this.#watch());
  }

  #tooLarge(what: string): void {
    const message = `the answer is larger than allowed (${what})`;
    this.#finish({
      kind: "failure",
      sent: true,
      message,
      status: this.#status,
      headers: this.#headers,
      tooLarge: true,
    });
    this.#controller?.abort(new Error(message));
  }

  #fail(message: string, neverSent = !this.#started): void {
    if (this.#finished) return;
    const seen = this.#status === 0 ? {} : { status: this.#status, headers: this.#headers };
    this.#finish({ kind: "failure", sent: !neverSent, message, ...seen });
    this.#controller?.abort(new Error(message));
  }

  #finish(result: WireResult): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#timer?.cancel();
    this.#chunks = [];
    this.#done(result);
  }
}

const PHASE_OVER: Record<Phase, (limitMs: number) => string> = {
  connect: (limitMs) => `no connection within ${limitMs} ms`,
  headers: (limitMs) => `no answer within ${limitMs} ms`,
  idle: (limitMs) => `the answer stopped for ${limitMs} ms`,
};

/** HTTP/2 says that a refused stream was not processed (RFC 9113, 8.7). */
const isRefusedStream = (error: Error): boolean => /REFUSED_STREAM/.test(error.message);

/** The error's code and words, with what lies under it: undici wraps the socket's own error. */
function describe(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  const inner = error.cause instanceof Error ? describe(error.cause) : "";
  const own =
    error.message === ""
      ? ((error as AggregateError).errors?.map((each: unknown) => describe(each as Error)).join("; ") ?? error.name)
      : error.message;
  const named = code === undefined || own.includes(code) ? own : `${own} (${code})`;
  return inner === "" || named.includes(inner) ? named : `${named}: ${inner}`;
}

function joined(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) flat[name.toLowerCase()] = typeof value === "string" ? value : value.join(", ");
  }
  return flat;
}

const DECODERS: Readonly<Record<string, (raw: Buffer, options: { maxOutputLength: number }) => Buffer>> = {
  gzip: gunzipSync,
  "x-gzip": gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
};

function decode(raw: Buffer, encoding: string | undefined, bytesMax: number): Buffer | "too large" | "unreadable" {
  const name = encoding?.trim().toLowerCase() ?? "identity";
  if (name === "identity" || name === "" || raw.length === 0) return raw;
  const decoder = DECODERS[name];
  if (decoder === undefined) return "unreadable";
  try {
    return decoder(raw, {
      maxOutputLength: Math.min(bytesMax, Math.max(SMALL_BYTES, raw.length * COMPRESSION_RATIO_MAX)),
    });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE" ? "too large" : "unreadable";
  }
}
