/**
 * The same for the same records in whatever order: two sums of 32-bit hashes (FNV-1a, mixed as in MurmurHash3 since sums of the bare ones
 * cancel out for numbered keys). Should two different pages ever have the same, the read ends in an error and nothing is lost.
 */
export function contentOf(keys: readonly string[], cursors: readonly (string | undefined)[]): string {
  let [a, b] = [0, 0];
  for (let index = 0; index < keys.length; index++) {
    const text = `${keys[index]}\n${cursors[index]}`;
    let [first, second] = [FNV_BASIS, ~FNV_BASIS];
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      first = Math.imul(first ^ code, FNV_PRIME);
      second = Math.imul(second ^ code, FNV_PRIME + 2);
    }
    a = (a + mixed(first)) | 0;
    b = (b + mixed(second)) | 0;
  }
  return `${keys.length} ${a} ${b}`;
}

const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

function mixed(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const whole = Math.imul(half ^ (half >>> 13), 0xc2b2ae35);
  return whole ^ (whole >>> 16);
}
