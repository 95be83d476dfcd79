import type { ConflictPolicy } from "../core/destination.ts";
import type { JwtOptions } from "../http/jwt.ts";
import type { OAuth2Options } from "../http/oauth2.ts";
import type { JsonObject } from "../core/json.ts";
import type { CursorType, Deletes } from "../core/sync.ts";
import type { ExpressionFunction, ExpressionSource } from "./expression.ts";

/**
 * A config as it was read: defaults filled in, durations in ms, sizes in bytes, rates per second. Expressions and templates are
 * still as written (and known to compile), so that whoever compiles them can name their place.
 */
export interface Config {
  readonly connections: Readonly<Record<string, ConnectionConfig>>;
  /** In the order of the file. */
  readonly syncs: Readonly<Record<string, SyncConfig>>;
  readonly state: {
    /** As written: relative to the config file. Undefined for the default. */
    readonly file: string | undefined;
    readonly bodies: boolean;
  };
}

export interface ConnectionConfig {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly auth: AuthConfig;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeouts: {
    readonly connectMs: number;
    readonly headersMs: number;
    readonly idleMs: number;
    readonly totalMs: number;
  };
  readonly retry: RetryConfig;
  readonly limits: {
    /** Undefined when it is to be learned. */
    readonly ratePerSecond: number | undefined;
    /** Undefined when it is to be learned. */
    readonly concurrency: number | undefined;
    readonly bodyBytes: number;
  };
  readonly answers: Readonly<Record<AnswerName, ExpressionSource | undefined>>;
  readonly lateWriteMs: number;
  /** As PEM. */
  readonly tls: {
    readonly ca: string | undefined;
    readonly cert: string | undefined;
    readonly key: string | undefined;
  };
}

export type AnswerName = "throttled" | "failed" | "missing" | "exists" | "inProgress" | "keyMismatch" | "replayed";

/** Returns the headers that carry the credentials; called for each request, and once more where they are answered 401. */
export type AuthFunction = () => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;

export type AuthConfig =
  | { readonly type: "none" }
  | { readonly type: "bearer"; readonly token: string }
  | { readonly type: "basic"; readonly username: string; readonly password: string }
  | { readonly type: "header"; readonly name: string; readonly value: string }
  | { readonly type: "query"; readonly name: string; readonly value: string }
  | ({ readonly type: "oauth2" } & OAuth2Options)
  | ({ readonly type: "jwt" } & JwtOptions)
  | { readonly type: "function"; readonly headers: AuthFunction };

export interface RetryConfig {
  readonly attempts: number;
  readonly baseMs: number;
  /** Twice `baseMs`: the base for throttled answers (R3). */
  readonly throttledBaseMs: number;
  readonly capMs: number;
  readonly deadlineMs: number;
  /** Statuses that are tried again although they are final by themselves. */
  readonly also: readonly number[];
  /** Statuses that are never tried again. */
  readonly never: readonly number[];
}

export interface SyncConfig {
  /** Names of syncs that run before it. */
  readonly after: readonly string[];
  readonly source: SourceConfig;
  /** Undefined for the record as it is. */
  readonly mapping: MappingTree | undefined;
  readonly mappingVersion: string | undefined;
  readonly destination: DestinationConfig;
  readonly deletes: Deletes;
  readonly writes: "both" | "createOnly" | "updateOnly";
}

export type MappingTree = ExpressionSource | readonly MappingTree[] | { readonly [field: string]: MappingTree };

/** A query parameter's or header's value: a template, or in TypeScript a function. */
export type TemplateSource = string | ExpressionFunction;

export interface RequestConfig {
  /** `GET /products/{$key}`. */
  readonly request: string;
  readonly query: Readonly<Record<string, TemplateSource | readonly TemplateSource[]>>;
  readonly headers: Readonly<Record<string, TemplateSource>>;
}

export interface WriteConfig extends RequestConfig {
  /** Undefined for the mapped record. */
  readonly body: ExpressionSource | undefined;
  readonly encoding: "json" | "form";
  /** Undefined for what the method says. */
  readonly idempotent: boolean | undefined;
}

export interface IdempotencyKeyConfig {
  readonly header: string;
  readonly quoted: boolean;
  readonly retentionMs: number;
}

export interface KeyedWriteConfig extends WriteConfig {
  readonly idempotencyKey: IdempotencyKeyConfig | undefined;
}

export interface CreateConfig extends KeyedWriteConfig {
  readonly id: ExpressionSource;
}

export interface ResultsConfig {
  readonly each: ExpressionSource;
  readonly key: ExpressionSource | undefined;
  readonly ok: ExpressionSource | undefined;
  readonly missing: ExpressionSource | undefined;
  readonly exists: ExpressionSource | undefined;
  readonly status: ExpressionSource | undefined;
  readonly error: ExpressionSource | undefined;
  readonly id: ExpressionSource | undefined;
}

export interface ManyConfig extends RequestConfig {
  readonly size: number;
  readonly bytes: number;
  /** Undefined for the list of mapped records. */
  readonly body: ExpressionSource | undefined;
  /** Undefined where a 2xx answer says that all were written. */
  readonly results: ResultsConfig | undefined;
  readonly idempotent: boolean | undefined;
}

export interface ReadConfig extends RequestConfig {
  /** Undefined for the whole body. */
  readonly record: ExpressionSource | undefined;
}

export interface FindConfig extends ReadConfig {
  readonly id: ExpressionSource;
  readonly visibilityLagMs: number;
  readonly unique: boolean;
}

export interface ListConfig extends RequestConfig {
  readonly records: ExpressionSource;
  readonly key: readonly ExpressionSource[];
  readonly pagination: PaginationConfig;
  readonly filter: ExpressionSource | undefined;
}

export interface PreconditionConfig {
  /** Undefined for ETags. */
  readonly version:
    | {
        readonly select: ExpressionSource;
        readonly send: { readonly place: "body" | "query" | "header"; readonly name: string };
      }
    | undefined;
}

export interface AdoptConfig {
  /** One expression for each part of the match; undefined for the list's `key`. */
  readonly match: readonly ExpressionSource[] | undefined;
  /** Undefined for that of `find`, or the list's `key`. */
  readonly id: ExpressionSource | undefined;
}

export interface DestinationConfig {
  readonly connection: string;
  readonly upsert: KeyedWriteConfig | undefined;
  readonly create: CreateConfig | undefined;
  readonly update: WriteConfig | undefined;
  readonly upsertMany: ManyConfig | undefined;
  readonly createMany: ManyConfig | undefined;
  readonly deleteMany: ManyConfig | undefined;
  readonly find: FindConfig | undefined;
  readonly delete: WriteConfig | undefined;
  readonly read: ReadConfig | undefined;
  readonly list: ListConfig | undefined;
  readonly adopt: AdoptConfig | undefined;
  readonly precondition: PreconditionConfig | undefined;
  readonly conflict: ConflictPolicy;
  readonly omitted: "cleared" | "kept";
}

export interface SourceConfig extends RequestConfig {
  readonly connection: string;
  readonly records: ExpressionSource;
  /** One expression for each part of the key. */
  readonly key: readonly ExpressionSource[];
  readonly pagination: PaginationConfig;
  readonly cursor: CursorConfig | undefined;
  readonly read: ReadConfig | undefined;
  readonly body: JsonObject | undefined;
  readonly format: "json" | "ndjson";
  readonly filter: ExpressionSource | undefined;
  readonly tombstone: ExpressionSource | undefined;
  readonly parents: ParentsConfig | undefined;
}

/** The list of what the source's records belong to. */
export interface ParentsConfig extends RequestConfig {
  readonly records: ExpressionSource;
  readonly key: readonly ExpressionSource[];
  readonly pagination: PaginationConfig;
  readonly filter: ExpressionSource | undefined;
  readonly as: string;
}

export interface PageSize {
  readonly param: string | undefined;
  readonly value: number;
}

interface Sized {
  readonly size: PageSize | undefined;
}

/** Where the next page is, and whether there is one. */
interface Following extends Sized {
  readonly next: ExpressionSource;
  readonly more: ExpressionSource | undefined;
}

export type PaginationConfig =
  /** `isAssumed`: it is not declared, and one page is taken for all there is. */
  | { readonly type: "none"; readonly isAssumed?: true }
  | (Sized & {
      readonly type: "page";
      readonly param: string;
      readonly first: number;
      readonly total: ExpressionSource | undefined;
    })
  | (Sized & {
      readonly type: "offset";
      readonly param: string;
      readonly first: number;
      readonly total: ExpressionSource | undefined;
      readonly overlap: number;
    })
  | (Following & { readonly type: "cursor"; readonly param: string })
  | (Sized & { readonly type: "link" })
  | (Following & { readonly type: "nextUrl" })
  | (Sized & { readonly type: "keyset"; readonly param: string; readonly from: ExpressionSource });

export interface CursorConfig {
  readonly field: ExpressionSource;
  readonly type: CursorType;
  readonly param: string;
  /** Ms for timestamps, plain units for integers, 0 for text. */
  readonly lookback: number;
  readonly sorted: boolean;
  readonly safetyLagMs: number;
  /** Whose field and parameter it is. */
  readonly of: "records" | "parents";
}
