import type { Dispatcher } from "undici";
import { createAuth, type Auth, type AuthOptions } from "./auth.ts";
import { createConnection, type ConnectionPorts } from "./api.ts";
import type { Timeouts } from "./client.ts";
import { createJwtAuth, type JwtOptions } from "./jwt.ts";
import type { TokenStore } from "../core/token-store.ts";
import { createOAuth2, type OAuth2Options } from "./oauth2.ts";

type AnyAuth = AuthOptions | ({ readonly type: "oauth2" } & OAuth2Options) | ({ readonly type: "jwt" } & JwtOptions);

interface Means {
  readonly timeouts: Timeouts;
  readonly dispatcher: Pick<Dispatcher, "dispatch">;
}

/** Bytes of an answer of a token endpoint at most. */
const TOKEN_BYTES_MAX = 1_048_576;

/** The credentials of a config: one of each, however many connections share it, so that it is renewed once for all of them. */
export class Auths {
  readonly #ports: ConnectionPorts & { readonly tokens?: TokenStore };
  readonly #made = new Map<string, Auth>();

  constructor(ports: ConnectionPorts & { readonly tokens?: TokenStore }) {
    this.#ports = ports;
  }

  of(options: AnyAuth, means: Means): Auth {
    if (options.type !== "oauth2" && options.type !== "jwt") return createAuth(options);
    const name = JSON.stringify(options);
    let auth = this.#made.get(name);
    if (auth === undefined) {
      auth = options.type === "jwt" ? createJwtAuth(options, this.#ports.clock) : this.#oauth2(options, means);
      this.#made.set(name, auth);
    }
    return auth;
  }

  #oauth2(options: OAuth2Options, { timeouts, dispatcher }: Means): Auth {
    const endpoint = createConnection(
      {
        name: "the token endpoint",
        baseUrl: new URL(options.tokenUrl).origin,
        auth: createAuth({ type: "none" }),
        headers: {},
        timeouts,
        limits: { ratePerMs: undefined, concurrency: undefined, bodyBytes: TOKEN_BYTES_MAX },
        answers: { also: [], never: [] },
        lateWriteMs: 0,
      },
      { ...this.#ports, dispatcher },
    );
    const { clock, redactor, tokens = NOWHERE } = this.#ports;
    return createOAuth2(options, { clock, store: tokens, exchange: endpoint.exchange, redactor });
  }
}

/** Remembers as long as the process lives, and no longer. */
const NOWHERE: TokenStore = {
  hold: (_, work) => work({ read: async () => undefined, write: async () => undefined }),
};
