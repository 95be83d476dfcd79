import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { suite, test } from "node:test";
import { at, files, textOf, top } from "./files.ts";

/** What lint cannot hold; what it can is in .oxlintrc.json, and lint.test.ts proves that it bites. */

const all = files();
const source = all.filter((path) => path.startsWith("src/") && path.endsWith(".ts"));
const production = source.filter((path) => !path.endsWith(".test.ts"));
const documents = all.filter((path) => path.endsWith(".md"));

/** Places at which a pattern stands in files, with comments left in: a comment that shows a hidden clock teaches it. */
function places(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) => {
    const text = textOf(path);
    return [...text.matchAll(pattern)].map((match) => `${at(path, text, match.index)} ${match[0].trim()}`);
  });
}

suite("time and chance are arguments", () => {
  test("nothing outside src/runtime/ reads the clock by new Date() or Date()", () => {
    const paths = production.filter((path) => !path.startsWith("src/runtime/"));
    assert.deepEqual(places(paths, /\bnew Date\(\s*\)|(?<!new |\.|\w)Date\(\s*\)|\bTemporal\.Now\b/g), []);
  });
});

suite("names", () => {
  test("a file is a noun of the vocabulary, not a drawer", () => {
    const drawer = /(^|[/.-])(utils?|helpers?|common|misc|managers?|services?)([./-]|$)/;
    assert.deepEqual(
      all.filter((path) => drawer.test(path)),
      [],
    );
  });

  test("names are lower case with hyphens", () => {
    assert.deepEqual(
      source.filter((path) => !/^[a-z0-9./-]+$/.test(path)),
      [],
    );
  });
});

suite("layers", () => {
  /** Lint sees import statements; this sees `import("./x.ts")`, as a type and at run time. */
  const allowed: Readonly<Record<string, readonly string[]>> = {
    core: ["core"],
    pipeline: ["core", "pipeline"],
    http: ["core", "http"],
    sqlite: ["core", "sqlite"],
    config: ["core", "pipeline", "http", "sqlite", "config"],
    runtime: ["core", "runtime"],
    testing: ["core", "http", "sqlite", "testing"],
    simulation: ["core", "http", "sqlite", "config", "testing", "simulation"],
  };

  test("import() keeps to the layers", () => {
    const broken = production.flatMap((path) => {
      const layer = path.split("/")[1] as string;
      const permitted = path.split("/").length > 2 ? allowed[layer] : undefined;
      return [...textOf(path).matchAll(/\bimport\("(\.[^"]+)"\)/g)]
        .map((match) => posix.join(posix.dirname(path), match[1] as string))
        .filter((target) => {
          const targetLayer = target.split("/")[1] as string;
          if (permitted !== undefined) return !permitted.includes(targetLayer);
          return layer !== "cli" && (targetLayer === "cli" || targetLayer === "testing");
        })
        .map((target) => `${path} imports ${target}`);
    });
    assert.deepEqual(broken, []);
  });

  test("every folder of src is a known layer", () => {
    const folders = new Set(source.filter((path) => path.split("/").length > 2).map((path) => path.split("/")[1]));
    assert.deepEqual(
      [...folders].filter((folder) => folder !== "cli" && allowed[folder as string] === undefined),
      [],
    );
  });
});

suite("nothing is left open", () => {
  const self = new Set(["test/tidy.test.ts", "test/lint.test.ts", ".oxlintrc.json"]);
  const written = all.filter((path) => !self.has(path) && /\.(ts|md|ya?ml|json)$|^\.ci\//.test(path));

  test("no notes to self", () => {
    assert.deepEqual(places(written, /\b(TODO|FIXME|XXX|HACK)\b/g), []);
  });

  test("no test is switched off, none is alone", () => {
    const tests = written.filter((path) => path.endsWith(".test.ts"));
    const off = /\b(test|it|suite|describe|context|t)\.(only|skip|todo)\(|\b(only|skip|todo): true\b/g;
    assert.deepEqual(places(tests, off), []);
  });

  test("every test file is one that a script runs", () => {
    const ran =
      /^src\/.*\.test\.ts$|^test\/[^/]+\.test\.ts$|^test\/(?!real\/)[^/]+\/.*\.test\.ts$|^test\/real\/[^/]+\.test\.ts$/;
    assert.deepEqual(
      all.filter((path) => /\.test\.[a-z]+$/.test(path) && !ran.test(path)),
      [],
    );
  });
});

suite("documents", () => {
  /** GitHub's anchors: lower case, punctuation dropped, spaces to hyphens, repeated ones numbered. */
  function anchors(markdown: string): Set<string> {
    const seen = new Map<string, number>();
    const found = new Set<string>();
    for (const match of withoutCode(markdown).matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
      const slug = (match[1] as string)
        .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\p{M} _-]/gu, "")
        .replace(/ /g, "-");
      const times = seen.get(slug) ?? 0;
      seen.set(slug, times + 1);
      found.add(times === 0 ? slug : `${slug}-${times}`);
    }
    for (const match of markdown.matchAll(/<a (?:id|name)="([^"]+)"/g)) found.add(match[1] as string);
    return found;
  }

  /** Fenced blocks become empty lines, so that places stay right. */
  function withoutCode(markdown: string): string {
    return markdown.replace(/^( *)(```+|~~~+)[^\n]*\n[\s\S]*?^\1\2 *$/gm, (block) => block.replace(/[^\n]+/g, ""));
  }

  test("no link leads nowhere", () => {
    const dead = documents.flatMap((path) => {
      const text = withoutCode(textOf(path)).replace(/`[^`\n]*`(?!\])/g, (code) => code.replace(/[[\]()]/g, " "));
      const links = [...text.matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)|^\[[^\]]+\]: +(\S+)/gm)];
      return links
        .map((match) => ({ place: at(path, text, match.index), link: (match[1] ?? match[2]) as string }))
        .filter(({ link }) => !/^[a-z][a-z0-9+.-]*:/i.test(link))
        .filter(({ link }) => {
          const [file = "", anchor] = decodeURIComponent(link).split("#");
          const target = file === "" ? path : posix.join(dirname(path), file);
          if (!existsSync(join(top, target))) return true;
          return anchor !== undefined && target.endsWith(".md") && !anchors(textOf(target)).has(anchor);
        })
        .map(({ place, link }) => `${place} ${link}`);
    });
    assert.deepEqual(dead, []);
  });

  test("docs/errors.md explains every error code, and no other", () => {
    if (!all.includes("docs/errors.md")) return;
    const union = textOf("src/core/errors.ts").match(/export type ErrorCode =([^;]+);/)?.[1] ?? "";
    const codes = [...union.matchAll(/"([A-Z_]+)"/g)].map((match) => match[1] as string);
    assert.ok(codes.length > 10, "the union of codes in src/core/errors.ts could not be read");
    const explained = [...anchors(textOf("docs/errors.md"))].map((anchor) => anchor.toUpperCase());
    const shape = /^(CONFIG|OUTPUT|API|READ|RUN|LEDGER)_[A-Z_]+$|^(USAGE|INVARIANT)$/;
    assert.deepEqual(explained.filter((anchor) => shape.test(anchor)).sort(), codes.toSorted());
  });

  test("docs/errors.md explains why records are refused", () => {
    if (!all.includes("docs/errors.md")) return;
    const union = (file: string, type: RegExp): string => textOf(file).match(type)?.[1] ?? "";
    const unions =
      union("src/core/record.ts", /export type InvalidCode =([^;]+);/) +
      union("src/core/reject.ts", /export type RejectCode =([^;]+);/);
    // What the destination has refused has its own words.
    const codes = [...unions.matchAll(/"([A-Z_]+)"/g)]
      .map((match) => match[1] as string)
      .filter((code) => code !== "REFUSED");
    assert.ok(codes.length > 10, "the union of codes in src/core/record.ts could not be read");
    const explained = [...textOf("docs/errors.md").matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1] as string);
    assert.deepEqual(new Set(explained), new Set(codes));
  });

  test("docs/rules.md has every rule that a test cites", () => {
    if (!all.includes("docs/rules.md")) return;
    const rules = new Set([...textOf("docs/rules.md").matchAll(/\*\*([RKULPDST]\d+a?)\*\*/g)].map((match) => match[1]));
    const tests = all.filter((path) => path.endsWith(".test.ts"));
    const cited = places(tests, /\b(?:test|it|suite)\(\s*"[^"]*"/g).flatMap((title) =>
      [...title.matchAll(/\b[RKULPDST]\d+a?\b/g)].map((match) => ({ title, rule: match[0] })),
    );
    assert.deepEqual(
      cited.filter(({ rule }) => !rules.has(rule)).map(({ title, rule }) => `${rule}: ${title}`),
      [],
    );
  });
});
