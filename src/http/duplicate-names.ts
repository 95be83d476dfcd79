import { isObject, type Json } from "../core/json.ts";

/**
 * Indexes of the records in which one of `names` occurs twice in one object (S5): `JSON.parse` keeps the last in silence, and for
 * keys and cursors that is anybody's guess.
 *
 * @param text the page as it was received
 * @param records its records, in order
 * @param names members that matter
 */
export function duplicateNames(text: string, records: readonly Json[], names: readonly string[]): ReadonlySet<number> {
  const suspicious = names.filter((name) => mayOccurTwice(text, records, name));
  if (suspicious.length === 0) return NONE;
  const objects = records.flatMap((record, index) => (isObject(record) ? [index] : []));
  if (objects.length === 0) return NONE;
  return new Set(findDuplicates(text, objects.length, new Set(suspicious)).map((nth) => objects[nth] as number));
}

const NONE: ReadonlySet<number> = new Set();

/** The usual page has a name once in each record that has it; anything else is looked at closely. An escape could hide a name. */
function mayOccurTwice(text: string, records: readonly Json[], name: string): boolean {
  if (text.includes("\\u00") && /\\u00[2-7]/i.test(text)) return true;
  const quoted = JSON.stringify(name);
  let count = 0;
  for (let at = text.indexOf(quoted); at !== -1; at = text.indexOf(quoted, at + quoted.length)) count += 1;
  return count > records.filter((record) => isObject(record) && Object.hasOwn(record, name)).length;
}

/**
 * Walks the text with a stack of open objects. A record is an object directly in a list; which list is *the* list of records is not
 * known here, so the list with as many objects as there are records is taken: where several have, a duplicate in any of them counts.
 */
function findDuplicates(text: string, records: number, names: ReadonlySet<string>): readonly number[] {
  const lists: { readonly depth: number; items: number; readonly bad: Set<number> }[] = [];
  const done: { readonly items: number; readonly bad: ReadonlySet<number> }[] = [];
  const stack: { readonly isList: boolean; readonly seen: Set<string> }[] = [];
  // A string is a name when a colon follows it.
  const tokens = /"(?:[^"\\]|\\.)*"(\s*:)?|[[\]{}]/g;
  for (let token = tokens.exec(text); token !== null; token = tokens.exec(text)) {
    const [whole, colon] = token;
    const first = whole[0];
    if (first === "[") {
      stack.push({ isList: true, seen: new Set() });
      lists.push({ depth: stack.length, items: 0, bad: new Set() });
    } else if (first === "{") {
      const list = lists.at(-1);
      if (list !== undefined && list.depth === stack.length) list.items += 1;
      stack.push({ isList: false, seen: new Set() });
    } else if (first === "]") {
      stack.pop();
      const list = lists.pop();
      if (list !== undefined) done.push(list);
    } else if (first === "}") {
      stack.pop();
    } else if (colon !== undefined) {
      const name = JSON.parse(whole.slice(0, whole.length - colon.length)) as string;
      const open = stack.at(-1);
      if (open === undefined || !names.has(name)) continue;
      if (open.seen.has(name)) for (const list of lists) list.bad.add(list.items - 1);
      open.seen.add(name);
    }
  }
  return done.filter(({ items }) => items === records).flatMap(({ bad }) => [...bad]);
}
