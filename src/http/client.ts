import type { Dispatcher } from "undici";
import { EvenkeelError } from "../core/errors.ts";
import { forget, onAbort, type Abandonable } from "./cancellation.ts";
import type { Deadlines, Timed } from "./deadlines.ts";
import { untrustedAdvice } from "./untrusted.ts";

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
  /** With the query; visible ASCII. */
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Names in lower case; repeated ones joined by ", ". */
export type WireHeaders = Readonly<Record<string, string>>;

/** A complete answer, not yet decoded. `isCut`: more came than is allowed, so it was given up; only its head is known. */
export interface WireAnswer {
  readonly kind: "answer";
  readonly status: number;
  readonly headers: WireHeaders;
  readonly body: Buffer;
  readonly isCut: boolean;
}

/** No complete answer. `sent` is false only when the request certainly never left (R1). */
export interface WireFailure {
  readonly kind: "failure";
  readonly sent: boolean;
  /** `abandoned`: we gave it up ourselves. */
  readonly cause: "network" | "timeout" | "abandoned";
  readonly message: string;
  /** What to do next, where somebody on the way is to blame. */
  readonly next?: string | undefined;
  /** Asking again changes nothing. */
  readonly isLasting?: true;
  readonly status: number | undefined;
  readonly headers: WireHeaders | undefined;
}

export interface WireOptions {
  readonly dispatcher: Pick<Dispatcher, "dispatch">;
  /** Shared by all that are sent; its clock is the one that counts. */
  readonly deadlines: Deadlines;
  readonly timeouts: Timeouts;
  /** S4: of the body as it is sent. */
  readonly bodyBytesMax: number;
}

/**
 * Sends one request on undici's dispatcher and collects the whole answer within its limits. Redirects are not followed, nothing is retried,
 * nothing is decoded. Never throws.
 *
 * @param signal ends it at once; once the first byte left, whether it arrived is not known
 */
export function sendOnce(
  request: WireRequest,
  options: WireOptions,
  signal: AbortSignal,
): Promise<WireAnswer | WireFailure> {
  return new Promise((done) => {
    const transfer = new Transfer(request.method, options, signal, done);
    if (!transfer.begin()) return;
    try {
      options.dispatcher.dispatch(
        {
          origin: request.origin,
          path: request.path,
          method: request.method as Dispatcher.HttpMethod,
          headers: request.headers as Record<string, string>,
          body: request.body ?? null,
          // R9: the limits are the transfer's, on the Clock.
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        transfer,
      );
    } catch (error) {
      transfer.onResponseError(undefined, error as Error);
    }
  });
}

type Phase = "connect" | "headers" | "idle";

/**
 * The handler of one dispatch. undici calls it in order: `onRequestStart` when a connection is there and the bytes are about to be written,
 * `onResponseStart` for each head (informational ones too), `onResponseData`, and either `onResponseEnd` or `onResponseError`. Without a
 * connection there is `onResponseError` alone.
 */
class Transfer implements Dispatcher.DispatchHandler, Abandonable, Timed {
  readonly #method: string;
  readonly #options: WireOptions;
  readonly #signal: AbortSignal;
  readonly #done: (result: WireAnswer | WireFailure) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #phase: Phase = "connect";
  #phaseByMs = 0;
  #totalByMs = 0;
  #isOver = false;
  #sent = false;
  #status = 0;
  #headers: WireHeaders | undefined;
  #first: Buffer | undefined;
  #rest: Buffer[] | undefined;
  #bytes = 0;

  constructor(
    method: string,
    options: WireOptions,
    signal: AbortSignal,
    done: (result: WireAnswer | WireFailure) => void,
  ) {
    this.#method = method;
    this.#options = options;
    this.#signal = signal;
    this.#done = done;
  }

  /** False when it is over before it began. */
  begin(): boolean {
    if (this.#signal.aborted) {
      this.abandon();
      return false;
    }
    onAbort(this.#signal, this);
    const nowMs = this.#options.deadlines.clock.monotonicMs();
    this.#totalByMs = nowMs + this.#options.timeouts.totalMs;
    this.#enter("connect", nowMs);
    return true;
  }

  abandon(): void {
    this.#fail("abandoned", "the run was ended");
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // The connection came too late: nothing is written for an aborted request.
    if (this.#isOver) return controller.abort(new Error("given up"));
    // R1: from here on bytes are written: whatever happens next, the request may have arrived.
    this.#sent = true;
    this.#enter("headers", this.#options.deadlines.clock.monotonicMs());
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (status < 200 || this.#isOver) return;
    this.#status = status;
    this.#headers = joined(headers);
    this.#enter("idle", this.#options.deadlines.clock.monotonicMs());
    if (Number(this.#headers["content-length"]) > this.#options.bodyBytesMax && this.#hasBody()) this.#cut();
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return;
    this.#enter("idle", this.#options.deadlines.clock.monotonicMs());
    this.#bytes += chunk.length;
    if (this.#bytes > this.#options.bodyBytesMax) this.#cut();
    else if (this.#first === undefined) this.#first = chunk;
    else (this.#rest ??= []).push(chunk);
  }

  onResponseEnd(): void {
    if (this.#isOver) return;
    const announced = this.#headers?.["content-length"];
    if (announced !== undefined && Number(announced) !== this.#bytes && this.#hasBody())
      return this.#fail("network", `the answer has ${this.#bytes} of ${announced} bytes`);
    this.#answer(false);
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    // HTTP/2 says that a refused stream was not processed (RFC 9113, 8.7).
    if (/REFUSED_STREAM/.test(error.message)) this.#sent = false;
    const untrusted = this.#sent ? undefined : untrustedAdvice(error);
    if (untrusted !== undefined) return this.#fail("network", describe(error), untrusted, { isLasting: true });
    if (!(error instanceof EvenkeelError && error.code === "API_UNREACHABLE"))
      return this.#fail("network", describe(error));
    // R1: the network knows that nothing came past somebody on the way, and who that is.
    this.#sent = false;
    this.#fail("network", describe(error), error.next);
  }

  #hasBody(): boolean {
    return this.#method !== "HEAD" && this.#status !== 204 && this.#status !== 304;
  }

  /** R9: the limit of this phase counts from now, beside that of the whole. */
  #enter(phase: Phase, nowMs: number): void {
    const { timeouts, deadlines } = this.#options;
    const limitMs = phase === "idle" ? timeouts.idleMs : phase === "headers" ? timeouts.headersMs : timeouts.connectMs;
    this.#phase = phase;
    this.#phaseByMs = nowMs + limitMs;
    deadlines.watch(this, Math.min(this.#phaseByMs, this.#totalByMs), nowMs);
  }

  look(nowMs: number): number | undefined {
    const { timeouts } = this.#options;
    if (nowMs >= this.#totalByMs) this.#fail("timeout", `no complete answer within ${seconds(timeouts.totalMs)}`);
    else if (nowMs >= this.#phaseByMs) this.#fail("timeout", this.#overdue());
    return this.#isOver ? undefined : Math.min(this.#phaseByMs, this.#totalByMs);
  }

  #overdue(): string {
    const { timeouts } = this.#options;
    switch (this.#phase) {
      case "connect":
        return `no connection within ${seconds(timeouts.connectMs)}`;
      case "headers":
        return `no answer within ${seconds(timeouts.headersMs)}`;
      case "idle":
        return `the answer stopped for ${seconds(timeouts.idleMs)} after ${this.#bytes} bytes`;
    }
  }

  /** S4: more than is allowed. What came so far is let go, and so is the connection. */
  #cut(): void {
    this.#first = undefined;
    this.#rest = undefined;
    this.#answer(true);
    this.#controller?.abort(new Error("the answer is too large"));
  }

  #answer(isCut: boolean): void {
    const body =
      this.#first === undefined
        ? EMPTY
        : this.#rest === undefined
          ? this.#first
          : Buffer.concat([this.#first, ...this.#rest], this.#bytes);
    this.#end({ kind: "answer", status: this.#status, headers: this.#headers ?? {}, body, isCut });
  }

  #fail(
    cause: WireFailure["cause"],
    message: string,
    next?: string,
    lasting: { readonly isLasting?: true } = {},
  ): void {
    if (this.#isOver) return;
    const status = this.#status === 0 ? undefined : this.#status;
    this.#end({ kind: "failure", sent: this.#sent, cause, message, next, status, headers: this.#headers, ...lasting });
    this.#controller?.abort(new Error(message));
  }

  #end(result: WireAnswer | WireFailure): void {
    this.#isOver = true;
    this.#options.deadlines.remove(this);
    forget(this.#signal, this);
    this.#first = undefined;
    this.#rest = undefined;
    this.#done(result);
  }
}

const EMPTY = Buffer.alloc(0);

const seconds = (ms: number): string => (ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms} ms`);

/** The error's code and words, with what lies under it: undici wraps the socket's own error. */
function describe(error: Error): string {
  const code = error instanceof EvenkeelError ? undefined : (error as NodeJS.ErrnoException).code;
  const inner = error.cause instanceof Error ? describe(error.cause) : "";
  const own =
    error.message === ""
      ? ((error as AggregateError).errors?.map((each: unknown) => describe(each as Error)).join("; ") ?? error.name)
      : error.message;
  const named = code === undefined || own.includes(code) ? own : `${own} (${code})`;
  return inner === "" || named.includes(inner) ? named : `${named}: ${inner}`;
}

/** undici gives names in lower case, and a list where a header was repeated. */
function joined(headers: Readonly<Record<string, string | string[] | undefined>>): WireHeaders {
  for (const name in headers) if (typeof headers[name] !== "string") return joinedLists(headers);
  return headers as WireHeaders;
}

function joinedLists(headers: Readonly<Record<string, string | string[] | undefined>>): WireHeaders {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) flat[name] = typeof value === "string" ? value : value.join(", ");
  return flat;
}
