/* oxlint-disable max-lines -- made from the config's schema by scripts/generate-config.ts; nobody edits it. */
import type { AuthFunction, MappingTree } from "./config.ts";
import type { ExpressionFunction } from "./expression.ts";

/** An expression: JSONata, or a function of the same input. */
export type Expression = string | ExpressionFunction;

/** A text with expressions in `{}`, or a function that gives the value. */
export type Template = string | number | boolean | ExpressionFunction;

/** A map of expressions, as deep as the destination's record; or one expression for all of it. */
export type Mapping = MappingTree;

/** How requests show who they are from. In TypeScript it may be a function that returns headers. */
export type AuthInput =
  | AuthFunction
  | {
      readonly type: "none";
    }
  | {
      readonly type: "bearer";
      /** The token. */
      readonly token: string;
    }
  | {
      readonly type: "basic";
      /** The user's name. */
      readonly username: string;
      /** The password. */
      readonly password: string;
    }
  | {
      readonly type: "header";
      /** The header's name. */
      readonly name: string;
      /** Its value. */
      readonly value: string;
    }
  | {
      readonly type: "query";
      /** The parameter's name. */
      readonly name: string;
      /** Its value. */
      readonly value: string;
    }
  | {
      readonly type: "oauth2";
      /** What the token is given for. Default: `clientCredentials`. */
      readonly grant?: "clientCredentials" | "refreshToken";
      /** The address of the token endpoint. */
      readonly tokenUrl: string;
      /** The client's id. */
      readonly clientId: string;
      /** The client's secret; a public client has none. */
      readonly clientSecret?: string;
      /** How the client shows who it is: by `Authorization: Basic`, or in the body (RFC 6749, 2.3.1). Default: `basic`. */
      readonly clientAuth?: "basic" | "post";
      /** Scopes, with spaces between them. */
      readonly scope?: string;
      /** Further parameters, such as `audience` or `resource`. */
      readonly params?: Readonly<Record<string, string>>;
      /** The first refresh token. A new one that the endpoint gives in its place is kept beside the ledger. */
      readonly refreshToken?: string;
    }
  | {
      readonly type: "jwt";
      /** How it is signed (RFC 7518, 3.1). */
      readonly algorithm: "HS256" | "HS384" | "HS512" | "RS256" | "RS384" | "RS512" | "ES256" | "ES384" | "EdDSA";
      /** The shared secret, or the private key as PEM: `${file:key.pem}` reads a file. */
      readonly key: string;
      /** The key's id, for `kid`. */
      readonly keyId?: string;
      /** Who signs it, for `iss`. */
      readonly issuer?: string;
      /** Whom it is about, for `sub`. */
      readonly subject?: string;
      /** Whom it is for, for `aud`. */
      readonly audience?: string;
      /** Further claims, as texts. */
      readonly claims?: Readonly<Record<string, string>>;
      /** How long it is good for. A new one is signed before that is over. Default: `5m`. */
      readonly lifetime?: string;
    };

/** A config, before its defaults are filled in. */
export type ConnectionInput = {
  /** The address that every path is appended to, such as `https://api.example.com/v1`. */
  readonly baseUrl: string;
  /** How requests show who they are from. In TypeScript it may be a function that returns headers. */
  readonly auth?: AuthInput;
  /** Certificates, as PEM: `${file:ca.pem}` reads a file. Verification cannot be turned off. */
  readonly tls?: {
    /** Certificate authorities to be trusted besides the usual ones. */
    readonly ca?: string;
    /** The client's certificate. */
    readonly cert?: string;
    /** Its private key. */
    readonly key?: string;
  };
  /** Headers of every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long an attempt may take. */
  readonly timeouts?: {
    /** Until the connection stands. Default: `5s`. */
    readonly connect?: string;
    /** From there until the answer's headers are there. Default: `30s`. */
    readonly headers?: string;
    /** Between two pieces of the answer's body. Default: `30s`. */
    readonly idle?: string;
    /** One attempt, all in all. Default: `60s`. */
    readonly total?: string;
  };
  /** Which failures are tried again, and when. */
  readonly retry?: {
    /** Attempts of one request, the first included. Default: `6`. */
    readonly attempts?: number;
    /** The first wait is at most this long; each next one twice as long. Twice that for throttled answers. Default: `500ms`. */
    readonly base?: string;
    /** No wait is longer, unless the API asks for it with `Retry-After`. Default: `30s`. */
    readonly cap?: string;
    /** For one request, all attempts and waits together. Default: `15m`. */
    readonly deadline?: string;
    /** Statuses that are tried again although they count as final. */
    readonly also?: readonly number[];
    /** Statuses that are never tried again. */
    readonly never?: readonly number[];
  };
  /** What is asked of the API at most. */
  readonly limits?: {
    /** Requests in a time, such as `50/s` or `100/min`. When absent, it is what the API announces in its headers; where it announces nothing, it is learned from its refusals. */
    readonly rate?: string;
    /** Requests in flight at once. Follows the latency when absent, up to 64. */
    readonly concurrency?: number;
    /** The largest answer that is accepted, decoded. Default: `32MiB`. */
    readonly bodyBytes?: string;
  };
  /** How this API speaks, where it departs from HTTP: expressions over `method`, `status`, `headers` and `body`; header names are in lower case. */
  readonly answers?: {
    /** "Too fast", where it is not a 429: `status = 403 and body.errorCode = 'REQUEST_LIMIT_EXCEEDED'`. */
    readonly throttled?: Expression;
    /** A failure that looks like a success: `status = 200 and body.error != null`. When absent, a GraphQL query fails where `errors` has any, and a POST to an address that ends with `/graphql` does, too. */
    readonly failed?: Expression;
    /** What "no such record" looks like, where it is not a 404 or 410: `status = 403 and method = 'GET'`. */
    readonly missing?: Expression;
    /** "Already there" or "already done": `body.code = 159`. */
    readonly exists?: Expression;
    /** The same idempotency key is still at work. */
    readonly inProgress?: Expression;
    /** The idempotency key was used before, with another body. */
    readonly keyMismatch?: Expression;
    /** The answer is the stored one of an earlier request with this key: ``headers.`idempotent-replayed` = 'true'``. */
    readonly replayed?: Expression;
  };
  /** How long a request that was given up may still take effect. Default: `2m`. */
  readonly lateWrite?: string;
};

/** The page size to ask for: `{ param: per_page, value: 100 }`; without `param` it is only known. */
export type PageSizeInput = {
  /** The query parameter for it; when absent, the size is only known, not asked for. */
  readonly param?: string;
  /** Records a page. */
  readonly value: number;
};

/** How one page leads to the next. */
export type PaginationInput =
  | {
      readonly type: "none";
    }
  | {
      readonly type: "page";
      /** The query parameter that it is asked with. */
      readonly param: string;
      /** The page size to ask for: `{ param: per_page, value: 100 }`; without `param` it is only known. */
      readonly size?: PageSizeInput;
      /** The first page's number. Default: `1`. */
      readonly first?: number;
      /** Where the number of pages is in the body. When absent, an empty page is the end. */
      readonly total?: Expression;
    }
  | {
      readonly type: "offset";
      /** The query parameter that it is asked with. */
      readonly param: string;
      /** The page size to ask for: `{ param: per_page, value: 100 }`; without `param` it is only known. */
      readonly size?: PageSizeInput;
      /** The first offset. Default: `0`. */
      readonly first?: number;
      /** Where the number of records is in the body. When absent, an empty page is the end. */
      readonly total?: Expression;
      /** So many records at the end of a page are read again with the next one: when they are others by then, records have moved between the pages, and the read does not count as complete. Default: `0`. */
      readonly overlap?: number;
    }
  | {
      readonly type: "cursor";
      /** Where the next page's token is in the body, or in a header: ``$headers.`x-next` ``; absent or null on the last page. */
      readonly next: Expression;
      /** Whether there is a next page, where an answer tells that apart: `data.pageInfo.hasNextPage`. Then it alone is the end. It has to be true or false on every page, and where it is true, `next` has to be there; anything else ends the read with an error. */
      readonly more?: Expression;
      /** The query parameter that it is asked with. */
      readonly param: string;
      /** The page size to ask for: `{ param: per_page, value: 100 }`; without `param` it is only known. */
      readonly size?: PageSizeInput;
    }
  | {
      readonly type: "link";
      /** The page size to ask for: `{ param: per_page, value: 100 }`; without `param` it is only known. */
      readonly size?: PageSizeInput;
    }
  | {
      readonly type: "nextUrl";
      /** Where the next page's address is in the body, or in a header; absent or null on the last page. */
      readonly next: Expression;
      /** Whether there is a next page, where an answer tells that apart: `data.pageInfo.hasNextPage`. Then it alone is the end. It has to be true or false on every page, and where it is true, `next` has to be there; anything else ends the read with an error. */
      readonly more?: Expression;
      /** The page size to ask for: `{ param: per_page, value: 100 }`; without `param` it is only known. */
      readonly size?: PageSizeInput;
    }
  | {
      readonly type: "keyset";
      /** The query parameter that it is asked with. */
      readonly param: string;
      /** The value of a record that the next page begins after. */
      readonly from: Expression;
      /** The page size to ask for: `{ param: per_page, value: 100 }`; without `param` it is only known. */
      readonly size?: PageSizeInput;
    };

/** One record by its key, to confirm that it is gone: `GET /products/{$key}`. */
export type SourceReadInput =
  | string
  | {
      /** The method and the path, which is appended to the connection's `baseUrl`. */
      readonly request: string;
      /** Query parameters; they are encoded for you. A list repeats its parameter. */
      readonly query?: Readonly<Record<string, Template | readonly Template[]>>;
      /** Headers of this request, besides the connection's. */
      readonly headers?: Readonly<Record<string, Template>>;
      /** Where the record is in the answer's body; the whole body when absent. */
      readonly record?: Expression;
    };

/** Where records come from. */
export type SourceInput = {
  /** The name of a connection. */
  readonly connection: string;
  /** The method and the path, which is appended to the connection's `baseUrl`. */
  readonly request: string;
  /** Query parameters; they are encoded for you. A list repeats its parameter. */
  readonly query?: Readonly<Record<string, Template | readonly Template[]>>;
  /** Headers of this request, besides the connection's. */
  readonly headers?: Readonly<Record<string, Template>>;
  /** Where the list of records is in an answer's body; `$` when the body is the list. Default: `$`. */
  readonly records?: Expression;
  /** The primary key of a record, or a list of its parts. */
  readonly key: Expression | readonly Expression[];
  /** How one page leads to the next. Default: `type: none`. */
  readonly pagination?: PaginationInput;
  /** How to ask for what changed since the last run. Without it every run reads everything. */
  readonly cursor?: {
    /** The field of a record by which the source orders its changes. */
    readonly field: Expression;
    /** How its values compare; kept as the source writes them. */
    readonly type: "timestamp" | "integer" | "text";
    /** The query parameter that takes the value to ask from. */
    readonly param: string;
    /** How far before the last value to ask, to meet records that were committed late. A duration for timestamps, a number for integers. Default: `2m` for timestamps, else `0`. */
    readonly lookback?: string | number;
    /** Whose field and parameter it is: with `parents`, only the lists of those that have changed are read. Default: `records`. */
    readonly of?: "records" | "parents";
    /** The source promises ascending order of the field. Then the cursor moves while reading; else only at the end. Default: `false`. */
    readonly sorted?: boolean;
    /** The cursor is not stored past the source's own clock less this. For timestamps. Default: `10s` for timestamps, else `0s`. */
    readonly safetyLag?: string;
  };
  /** One record by its key, to confirm that it is gone: `GET /products/{$key}`. */
  readonly read?: SourceReadInput;
  /** What a POST asks with, as it is written: a query, or GraphQL's `query` and `variables`. Then parameters of paging and cursor are set in it, at their paths: `param: variables.after`. */
  readonly body?: object;
  /** How an answer's body is written: JSON, or one JSON value a line. Told by the `Content-Type` too. Default: `json`. */
  readonly format?: "json" | "ndjson";
  /** Which records are read: `status = 'active'`. The others are as if the source did not have them. */
  readonly filter?: Expression;
  /** The list of what the records belong to, where each has a list of its own: `GET /orders`. The request sees one as `parent`, `GET /orders/{parent.id}/items`, and each record has it as a member. */
  readonly parents?: {
    /** The method and the path, which is appended to the connection's `baseUrl`. */
    readonly request: string;
    /** Query parameters; they are encoded for you. A list repeats its parameter. */
    readonly query?: Readonly<Record<string, Template | readonly Template[]>>;
    /** Headers of this request, besides the connection's. */
    readonly headers?: Readonly<Record<string, Template>>;
    /** Where the list of parents is in an answer's body. Default: `$`. */
    readonly records?: Expression;
    /** The primary key of a parent, or a list of its parts. */
    readonly key: Expression | readonly Expression[];
    /** How one page of parents leads to the next. Default: `type: none`. */
    readonly pagination?: PaginationInput;
    /** Which parents' lists are read. */
    readonly filter?: Expression;
    /** The member of each record that its parent is put into. Default: `parent`. */
    readonly as?: string;
  };
  /** Whether the source marks a record as deleted: `deleted_at != null`. Such a record is never written, and deleted as `deletes` says. */
  readonly tombstone?: Expression;
};

/** Send a key with which the API recognises a repeated request. */
export type IdempotencyKeyInput = {
  /** The header that carries the key. Default: `Idempotency-Key`. */
  readonly header?: string;
  /** Write it in double quotes, as the IETF draft has it and most APIs do not. Default: `false`. */
  readonly quoted?: boolean;
  /** How long the API remembers a key. Default: `24h`. */
  readonly retention?: string;
  /** Not supported in this version yet. */
  readonly body?: unknown;
};

/** Creates or replaces a record at its own address: `PUT /items/{sku}`. */
export type UpsertInput =
  | string
  | {
      /** The method and the path, which is appended to the connection's `baseUrl`. */
      readonly request: string;
      /** Query parameters; they are encoded for you. A list repeats its parameter. */
      readonly query?: Readonly<Record<string, Template | readonly Template[]>>;
      /** Headers of this request, besides the connection's. */
      readonly headers?: Readonly<Record<string, Template>>;
      /** The body, as an expression over the mapped record; the mapped record itself when absent. */
      readonly body?: Expression;
      /** How the body is written. Default: `json`. */
      readonly encoding?: "json" | "form";
      /** Whether sending it twice has the effect of sending it once. Taken for true of PUT, PATCH and DELETE, and for false of POST: declare `false` for a PATCH that adds to a number, `true` for a POST that changes a record at its own address. A `create` is never declared `true`. */
      readonly idempotent?: boolean;
      /** Send a key with which the API recognises a repeated request. */
      readonly idempotencyKey?: IdempotencyKeyInput;
    };

/** Changes a record by the id that the destination assigned: `PATCH /contacts/{$id}`. */
export type WriteInput =
  | string
  | {
      /** The method and the path, which is appended to the connection's `baseUrl`. */
      readonly request: string;
      /** Query parameters; they are encoded for you. A list repeats its parameter. */
      readonly query?: Readonly<Record<string, Template | readonly Template[]>>;
      /** Headers of this request, besides the connection's. */
      readonly headers?: Readonly<Record<string, Template>>;
      /** The body, as an expression over the mapped record; the mapped record itself when absent. */
      readonly body?: Expression;
      /** How the body is written. Default: `json`. */
      readonly encoding?: "json" | "form";
      /** Whether sending it twice has the effect of sending it once. Taken for true of PUT, PATCH and DELETE, and for false of POST: declare `false` for a PATCH that adds to a number, `true` for a POST that changes a record at its own address. A `create` is never declared `true`. */
      readonly idempotent?: boolean;
    };

/** Where records go. */
export type DestinationInput = {
  /** The name of a connection. */
  readonly connection: string;
  /** Creates or replaces a record at its own address: `PUT /items/{sku}`. */
  readonly upsert?: UpsertInput;
  /** Creates a record where the destination assigns the id. */
  readonly create?:
    | string
    | {
        /** The method and the path, which is appended to the connection's `baseUrl`. */
        readonly request: string;
        /** Query parameters; they are encoded for you. A list repeats its parameter. */
        readonly query?: Readonly<Record<string, Template | readonly Template[]>>;
        /** Headers of this request, besides the connection's. */
        readonly headers?: Readonly<Record<string, Template>>;
        /** The body, as an expression over the mapped record; the mapped record itself when absent. */
        readonly body?: Expression;
        /** How the body is written. Default: `json`. */
        readonly encoding?: "json" | "form";
        /** Whether sending it twice has the effect of sending it once. Taken for true of PUT, PATCH and DELETE, and for false of POST: declare `false` for a PATCH that adds to a number, `true` for a POST that changes a record at its own address. A `create` is never declared `true`. */
        readonly idempotent?: boolean;
        /** Send a key with which the API recognises a repeated request. */
        readonly idempotencyKey?: IdempotencyKeyInput;
        /** Where the new record's id is in the answer's body. */
        readonly id: Expression;
      };
  /** Changes a record by the id that the destination assigned: `PATCH /contacts/{$id}`. */
  readonly update?: WriteInput;
  /** Finds a record by an external id, to learn whether a create whose answer was lost has taken effect. */
  readonly find?:
    | string
    | {
        /** The method and the path, which is appended to the connection's `baseUrl`. */
        readonly request: string;
        /** Query parameters; they are encoded for you. A list repeats its parameter. */
        readonly query?: Readonly<Record<string, Template | readonly Template[]>>;
        /** Headers of this request, besides the connection's. */
        readonly headers?: Readonly<Record<string, Template>>;
        /** Where the record is in the answer's body; the whole body when absent. */
        readonly record?: Expression;
        /** Where the destination's id is in the record found. */
        readonly id: Expression;
        /** How long a record just created may stay invisible to this search. Default: `0s`. */
        readonly visibilityLag?: string;
        /** The API itself refuses a second record with this external id. Default: `false`. */
        readonly unique?: boolean;
      };
  /** Deletes a record: `DELETE /items/{sku}`. A soft delete is an update with a `body`. It sees `$key`, `$id` and the record as it was last written; of what has gone there is no `$source`. */
  readonly delete?: WriteInput;
  /** Reads one record back, to learn whether a write whose answer was lost has taken effect: `GET /items/{sku}`. */
  readonly read?: SourceReadInput;
  /** All records of the destination, for `evenkeel check` and `evenkeel state adopt`. */
  readonly list?:
    | string
    | {
        /** The method and the path, which is appended to the connection's `baseUrl`. */
        readonly request: string;
        /** Query parameters; they are encoded for you. A list repeats its parameter. */
        readonly query?: Readonly<Record<string, Template | readonly Template[]>>;
        /** Headers of this request, besides the connection's. */
        readonly headers?: Readonly<Record<string, Template>>;
        /** Where the list of records is in an answer's body. Default: `$`. */
        readonly records?: Expression;
        /** The value by which a listed record and a mapped record are the same one; the id that the destination assigned, where the mapped record has no such value. */
        readonly key: Expression | readonly Expression[];
        /** How one page leads to the next. Default: `type: none`. */
        readonly pagination?: PaginationInput;
        /** Which listed records count: `active = true` where a delete only takes that away. The others are as if the destination did not have them. */
        readonly filter?: Expression;
      };
  /** How records that the destination had before the first run are recognised by `evenkeel state adopt`. */
  readonly adopt?: {
    /** The value by which a listed record and a mapped record are the same one, while the ledger knows neither; `list.key` when absent. */
    readonly match?: Expression | readonly Expression[];
    /** The id that the destination assigned, in a listed record; that of `find` when absent, else `list.key`. */
    readonly id?: Expression;
  };
  /** Creates or replaces many records in one request, besides `upsert` or instead of it: `POST /items/bulk`. */
  readonly upsertMany?:
    | string
    | {
        /** The method and the path, which is appended to the connection's `baseUrl`. */
        readonly request: string;
        /** Query parameters; they are encoded for you. A list repeats its parameter. */
        readonly query?: Readonly<Record<string, Template | readonly Template[]>>;
        /** Headers of this request, besides the connection's. */
        readonly headers?: Readonly<Record<string, Template>>;
        /** Records in one request at most. Default: `100`. */
        readonly size?: number;
        /** Bytes of records in one request at most, about. Default: `1MiB`. */
        readonly bytes?: string;
        /** The body, as an expression over the list of mapped records; the list itself when absent. `$key`, `$id` and `$source` are lists in the same order. */
        readonly body?: Expression;
        /** What became of each record; when absent, a 2xx answer says that all were written, and any other that none was. */
        readonly results?: {
          /** Where the list of results is in the answer's body, one for each record. */
          readonly each: Expression;
          /** The value by which a result and a mapped record belong together; where it is absent, they have the same position. */
          readonly key?: Expression;
          /** Whether a result says that its record was written. When absent, its `status` says so, or that it has no `error`; with none of these, every one does. */
          readonly ok?: Expression;
          /** Whether a result says that there is no such record: then it counts as deleted. */
          readonly missing?: Expression;
          /** Whether a result says that the record is there already: then it is looked up. */
          readonly exists?: Expression;
          /** The status of a result, as HTTP has it: 429 is tried again, and what 409 and 5xx came to is found out. */
          readonly status?: Expression;
          /** What a result says was wrong; the whole result when absent. */
          readonly error?: Expression;
          /** The id that the destination gave the record; that of `create` when absent. */
          readonly id?: Expression;
        };
        /** Whether sending it twice has the effect of sending it once. Taken for true. */
        readonly idempotent?: boolean;
      };
  /** Creates many records in one request, besides `create`. */
  readonly createMany?:
    | string
    | {
        /** The method and the path, which is appended to the connection's `baseUrl`. */
        readonly request: string;
        /** Query parameters; they are encoded for you. A list repeats its parameter. */
        readonly query?: Readonly<Record<string, Template | readonly Template[]>>;
        /** Headers of this request, besides the connection's. */
        readonly headers?: Readonly<Record<string, Template>>;
        /** Records in one request at most. Default: `100`. */
        readonly size?: number;
        /** Bytes of records in one request at most, about. Default: `1MiB`. */
        readonly bytes?: string;
        /** The body, as an expression over the list of mapped records; the list itself when absent. `$key`, `$id` and `$source` are lists in the same order. */
        readonly body?: Expression;
        /** What became of each record; when absent, a 2xx answer says that all were written, and any other that none was. */
        readonly results?: {
          /** Where the list of results is in the answer's body, one for each record. */
          readonly each: Expression;
          /** The value by which a result and a mapped record belong together; where it is absent, they have the same position. */
          readonly key?: Expression;
          /** Whether a result says that its record was written. When absent, its `status` says so, or that it has no `error`; with none of these, every one does. */
          readonly ok?: Expression;
          /** Whether a result says that there is no such record: then it counts as deleted. */
          readonly missing?: Expression;
          /** Whether a result says that the record is there already: then it is looked up. */
          readonly exists?: Expression;
          /** The status of a result, as HTTP has it: 429 is tried again, and what 409 and 5xx came to is found out. */
          readonly status?: Expression;
          /** What a result says was wrong; the whole result when absent. */
          readonly error?: Expression;
          /** The id that the destination gave the record; that of `create` when absent. */
          readonly id?: Expression;
        };
        /** Whether sending it twice has the effect of sending it once. Taken for false. */
        readonly idempotent?: boolean;
      };
  /** Deletes many records in one request, besides `delete`. */
  readonly deleteMany?:
    | string
    | {
        /** The method and the path, which is appended to the connection's `baseUrl`. */
        readonly request: string;
        /** Query parameters; they are encoded for you. A list repeats its parameter. */
        readonly query?: Readonly<Record<string, Template | readonly Template[]>>;
        /** Headers of this request, besides the connection's. */
        readonly headers?: Readonly<Record<string, Template>>;
        /** Records in one request at most. Default: `100`. */
        readonly size?: number;
        /** Bytes of records in one request at most, about. Default: `1MiB`. */
        readonly bytes?: string;
        /** The body, as an expression over the list of mapped records; the list itself when absent. `$key`, `$id` and `$source` are lists in the same order. */
        readonly body?: Expression;
        /** What became of each record; when absent, a 2xx answer says that all were written, and any other that none was. */
        readonly results?: {
          /** Where the list of results is in the answer's body, one for each record. */
          readonly each: Expression;
          /** The value by which a result and a mapped record belong together; where it is absent, they have the same position. */
          readonly key?: Expression;
          /** Whether a result says that its record was written. When absent, its `status` says so, or that it has no `error`; with none of these, every one does. */
          readonly ok?: Expression;
          /** Whether a result says that there is no such record: then it counts as deleted. */
          readonly missing?: Expression;
          /** Whether a result says that the record is there already: then it is looked up. */
          readonly exists?: Expression;
          /** The status of a result, as HTTP has it: 429 is tried again, and what 409 and 5xx came to is found out. */
          readonly status?: Expression;
          /** What a result says was wrong; the whole result when absent. */
          readonly error?: Expression;
          /** The id that the destination gave the record; that of `create` when absent. */
          readonly id?: Expression;
        };
        /** Whether sending it twice has the effect of sending it once. Taken for true. */
        readonly idempotent?: boolean;
      };
  /** What a write must be based on to be taken: `etag`, or `{ version: version, send: { body: version } }`. It needs `read` or `find`. Default: `none`. */
  readonly precondition?:
    | string
    | {
        /** Text alone stands for it: `precondition: etag`. Default: `version`. */
        readonly type?: "none" | "etag" | "version";
        /** Where a record, as it is read or as a write answers it, has its version; for `version`. */
        readonly version?: Expression;
        /** Where a write carries it; for `version`. */
        readonly send?: {
          /** A member of the body. */
          readonly body?: string;
          /** A query parameter. */
          readonly query?: string;
          /** A header. */
          readonly header?: string;
        };
      };
  /** What happens when somebody else has changed the record. `source`: it is overwritten. `destination`: it is left until the source changes again. `reject`: nothing is written, and the record goes to the rejects. Default: `source`. */
  readonly conflict?: "source" | "destination" | "reject";
  /** What a write does to a field that the mapped record leaves out. `cleared`: nothing is there any more, and `evenkeel check` makes sure of that. `kept`: the API lets it be, and whatever is there is as it should be. Default: `cleared`. */
  readonly omitted?: "cleared" | "kept";
};

/** A config, before its defaults are filled in. */
export type SyncInput = {
  /** Syncs that run before this one, so that `$ref` finds their records. */
  readonly after?: readonly string[];
  /** Where records come from. */
  readonly source: SourceInput;
  /** The destination's record: a map of expressions over the source record, as deep as needed, or one expression for all of it. The record as it is when absent. */
  readonly mapping?: Mapping;
  /** The meaning of the functions in a TypeScript mapping; raise it when one of them changes. Every record is then compared anew. */
  readonly mappingVersion?: string;
  /** Where records go. */
  readonly destination: DestinationInput;
  /** What becomes of records that have gone from the source. */
  readonly deletes?: {
    /** Which records are deleted that have gone from the source: those that it marks as deleted (`tombstone`), or also those that two complete reads in a row miss (`mirror`). Default: `never`. */
    readonly mode?: "never" | "tombstone" | "mirror";
    /** How many deletes are too many, of the last 24 hours. Beyond that none happens, and the run says so. */
    readonly guard?: {
      /** Up to so many are allowed, unless they are more than `percentMax`. Default: `10`. */
      readonly count?: number;
      /** Up to this share of all records is allowed, unless they are more than `countMax`. Default: `10`. */
      readonly percent?: number;
      /** Never more than so many. Default: `1000`. */
      readonly countMax?: number;
      /** Never more than this share, unless it is one record. Default: `50`. */
      readonly percentMax?: number;
    };
    /** How often a mirror with a cursor reads everything, to learn what has gone. Default: `24h`. */
    readonly fullRefresh?: string;
  };
  /** Narrows what is written: only records that are new, or only records that the destination has. Default: `both`. */
  readonly writes?: "both" | "createOnly" | "updateOnly";
};

/** A config, before its defaults are filled in. */
export type ConfigInput = {
  /** The address of the config's JSON Schema, for completion in editors. */
  readonly $schema?: string;
  /** The HTTP APIs, by name. */
  readonly connections: Readonly<Record<string, ConnectionInput>>;
  /** The syncs, by name, in the order in which they run. */
  readonly syncs: Readonly<Record<string, SyncInput>>;
  /** The ledger: what the destinations are known to hold. */
  readonly state?: {
    /** The ledger's file, relative to the config. Default: `.evenkeel/state.db`. */
    readonly file?: string;
    /** Keep what was last sent of each record, so that `plan` and `explain` can show differences. Default: `true`. */
    readonly bodies?: boolean;
  };
};
