import type { Clock } from "../core/clock.ts";
import type { Credentials } from "./auth.ts";

/** A bearer token as it was given. */
export interface Token {
  readonly value: string;
  /** Undefined when nothing was said: it is good until it is refused. */
  readonly lifetimeMs: number | undefined;
}

/** A token is renewed when this share of its life is left, and at most this long before its end: what is sent with it takes its time. */
const AHEAD_SHARE = 0.2;
const AHEAD_MAX_MS = 60_000;

/** A bearer token that is renewed before it runs out, and when it is refused; by one request at a time, whoever waits for it. */
export class RenewedToken {
  readonly #fetch: () => Promise<Token>;
  readonly #clock: Clock;
  #credentials: Credentials | undefined;
  #renewAtMs = Number.NEGATIVE_INFINITY;
  #fetching: Promise<Credentials> | undefined;

  /** @param fetch throws EvenkeelError when there is none to be had */
  constructor(fetch: () => Promise<Token>, clock: Clock) {
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /** The same object as long as the token is the same. */
  credentials(): Credentials | Promise<Credentials> {
    const nowMs = this.#clock.monotonicMs();
    return this.#credentials !== undefined && nowMs < this.#renewAtMs ? this.#credentials : this.#renewOnce();
  }

  /** After it was refused. Of many that were refused with one token the first renews it, and for those after it there is a new one already. */
  async renew(refused: Credentials): Promise<boolean> {
    if (refused === this.#credentials) await this.#renewOnce();
    return true;
  }

  #renewOnce(): Promise<Credentials> {
    this.#fetching ??= this.#renewNow().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #renewNow(): Promise<Credentials> {
    const { value, lifetimeMs } = await this.#fetch();
    const nowMs = this.#clock.monotonicMs();
    const aheadMs = lifetimeMs === undefined ? 0 : Math.min(AHEAD_MAX_MS, lifetimeMs * AHEAD_SHARE);
    this.#renewAtMs = lifetimeMs === undefined ? Number.POSITIVE_INFINITY : nowMs + lifetimeMs - aheadMs;
    this.#credentials = { headers: { authorization: `Bearer ${value}` }, query: {} };
    return this.#credentials;
  }
}
