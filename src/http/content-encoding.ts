import { promisify } from "node:util";
import { brotliDecompress, brotliDecompressSync, gunzip, gunzipSync, inflate, inflateSync } from "node:zlib";

/** What is asked for: both are in every server, and no API gains from more. */
export const ACCEPTED_ENCODINGS = "gzip, br";

/** S4: a body that unpacks to more than so many times its size is an attack or a mistake, unless it is small all the same. JSON packs 5 to 30 times. */
const COMPRESSION_RATIO_MAX = 200;
const SMALL_BYTES = 1_048_576;

/** Smaller bodies are unpacked at once: handing them to another thread takes longer than that. */
const SYNC_BYTES_MAX = 65_536;

type Limit = { readonly maxOutputLength: number };

interface Decoder {
  readonly now: (packed: Buffer, limit: Limit) => Buffer;
  readonly later: (packed: Buffer, limit: Limit) => Promise<Buffer>;
}

const GZIP: Decoder = { now: gunzipSync, later: promisify<Buffer, Limit, Buffer>(gunzip) };
const DECODERS: ReadonlyMap<string, Decoder> = new Map([
  ["gzip", GZIP],
  ["x-gzip", GZIP],
  ["br", { now: brotliDecompressSync, later: promisify<Buffer, Limit, Buffer>(brotliDecompress) }],
  // RFC 9110, 8.4.1.2: `deflate` is the zlib format.
  ["deflate", { now: inflateSync, later: promisify<Buffer, Limit, Buffer>(inflate) }],
]);

export type Decoded =
  | { readonly ok: true; readonly body: Buffer }
  | { readonly ok: false; readonly problem: "too large" | "unreadable"; readonly message: string };

/**
 * Unpacks a body within limits: at most `bytesMax`, and not far more than it was packed (S4). Large bodies are unpacked on another thread.
 */
export function decode(packed: Buffer, encoding: string | undefined, bytesMax: number): Decoded | Promise<Decoded> {
  if (encoding === undefined || packed.length === 0) return { ok: true, body: packed };
  const name = encoding.trim().toLowerCase();
  if (name === "identity" || name === "") return { ok: true, body: packed };
  const decoder = DECODERS.get(name);
  if (decoder === undefined) return refusal(`its encoding ${name} was not asked for and cannot be read`);
  const limit = { maxOutputLength: Math.min(bytesMax, Math.max(SMALL_BYTES, packed.length * COMPRESSION_RATIO_MAX)) };
  const failed = (error: unknown): Decoded => refusalOf(error as NodeJS.ErrnoException, name, packed.length, limit);
  if (packed.length > SYNC_BYTES_MAX) return decoder.later(packed, limit).then((body) => ({ ok: true, body }), failed);
  try {
    return { ok: true, body: decoder.now(packed, limit) };
  } catch (error) {
    return failed(error);
  }
}

function refusalOf(error: NodeJS.ErrnoException, name: string, bytes: number, { maxOutputLength }: Limit): Decoded {
  if (error.code === "ERR_BUFFER_TOO_LARGE")
    return {
      ok: false,
      problem: "too large",
      message: `its ${bytes} bytes unpack to more than ${maxOutputLength} bytes`,
    };
  return refusal(`its ${name} body cannot be unpacked: ${error.message}`);
}

const refusal = (message: string): Decoded => ({ ok: false, problem: "unreadable", message });
