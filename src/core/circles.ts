/**
 * The circles in which records wait for each other, each by its keys from one to the next.
 *
 * @param waitsFor by key, the key of the record that it waits for
 */
export function circlesOf(waitsFor: ReadonlyMap<string, string>): readonly (readonly string[])[] {
  const circles: string[][] = [];
  const seen = new Set<string>();
  for (const start of waitsFor.keys()) {
    const way: string[] = [];
    let key: string | undefined = start;
    for (; key !== undefined && !seen.has(key); key = waitsFor.get(key)) {
      seen.add(key);
      way.push(key);
    }
    // Where it comes back to its own way, that is a circle; where it meets an older one, that circle is known.
    const at = key === undefined ? -1 : way.indexOf(key);
    if (at >= 0) circles.push(way.slice(at));
  }
  return circles;
}
