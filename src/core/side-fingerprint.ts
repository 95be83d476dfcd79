import { sha256 } from "./fingerprint.ts";

/** As many bits as two sides of any size need to be told apart. */
const BITS = 128n;
const MASK = (1n << BITS) - 1n;
const HEX_CHARS = Number(BITS) / 4;

/**
 * A fingerprint of a set of records that does not depend on their order: the sum of their hashes. Two sets of different records have the same
 * one by chance in 2^128 cases; a record that is there twice counts twice.
 */
export class SideFingerprint {
  #sum = 0n;

  /** @param content a text that is the same for the same record */
  add(content: string): void {
    this.#sum =
      (this.#sum + BigInt(`0x${Buffer.from(sha256(content), "base64url").toString("hex", 0, HEX_CHARS / 2)}`)) & MASK;
  }

  toString(): string {
    return this.#sum.toString(16).padStart(HEX_CHARS, "0");
  }
}
