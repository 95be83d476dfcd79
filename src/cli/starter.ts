import { existsSync, readFileSync } from "node:fs";
import { appendFile, readFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { createSecrets } from "../config/secrets.ts";
import { EvenkeelError } from "../core/errors.ts";
import { variablesOf } from "../draft-reading.ts";
import type { DraftOptions } from "../library.ts";
import { unwritable, writeNew } from "../output-file.ts";
import { misuse, type Context } from "./context.ts";
import { draftSummary, draftText } from "./draft-text.ts";
import { escapeLine } from "./escape.ts";

/**
 * A config that is valid as it is, once its two variables are set: the addresses and fields in it are an example to be replaced.
 * Every line that most people need stands in it, and what many need stands in a comment.
 */
const STARTER = `# Evenkeel: where records come from, and where they go.
# Replace the example's addresses and fields with your own, then:
#
#   evenkeel validate            checks this file; no network
#   evenkeel plan --limit 10     reads ten records and shows what would be written
#   evenkeel run --limit 1       writes one record
#   evenkeel run                 makes the destination match the source
#   evenkeel check               compares what the destination really holds

connections:
  store: # the API that records are read from
    baseUrl: https://api.source.example/v1
    # \${NAME} is read from the environment, or from a file .env beside this one. Other kinds of auth:
    #   { type: header, name: X-Api-Key, value: "\${STORE_TOKEN}" }
    #   { type: basic, username: "\${STORE_USER}", password: "\${STORE_PASSWORD}" }
    #   { type: none }
    auth: { type: bearer, token: "\${STORE_TOKEN}" }

  shop: # the API that records are written to
    baseUrl: https://api.destination.example/v1
    auth: { type: header, name: X-Api-Key, value: "\${SHOP_KEY}" }
    # limits: { rate: 50/s }     # learned from the API's headers and refusals when it is not declared

syncs:
  products:
    source:
      connection: store
      request: GET /products
      records: data              # where the list is in the answer's body; $ when the body is the list
      key: id                    # what identifies a record
      # How one page leads to the next. Without this, one page is all that is read.
      pagination: { type: cursor, next: meta.next_cursor, param: cursor }
      #           { type: page, param: page, size: { param: per_page, value: 100 } }
      #           { type: offset, param: offset, size: { param: limit, value: 100 } }
      #           { type: link }                                  a Link header
      #           { type: nextUrl, next: links.next }             an address in the body
      # Where an answer says whether there is a next page, add that: more: meta.has_more
      # How to ask for what has changed. Without this, every run reads everything (and still writes only what differs).
      # cursor: { field: updated_at, type: timestamp, param: updated_since }

    # The destination's record, field by field: JSONata expressions over the source's record.
    # Without a mapping, the record is written as it is.
    mapping:
      sku: id
      name: title
      priceCents: $round(price * 100)
      # kind: "'product'"        # a fixed text is quoted twice

    destination:
      connection: shop
      # Where a record has its own address, a write may be repeated safely:
      upsert: PUT /items/{sku}
      # Where the destination assigns ids, declare these instead:
      #   create: { request: POST /items, id: data.id, idempotencyKey: { header: Idempotency-Key } }
      #   update: PATCH /items/{$id}
      #   find: { request: GET /items, query: { external_ref: "{$key}" }, record: "data[0]", id: id }
      # Lets a write whose answer was lost be looked up. Leave it out where the API cannot show one record:
      read: GET /items/{sku}
      # Lets \`evenkeel check\` compare all that the destination holds. Leave it out where the API has no such list:
      list: { request: GET /items, records: data, key: sku, pagination: { type: cursor, next: meta.next_cursor, param: cursor } }
`;

/** The variables that the starter wants. */
const VARIABLES = ["STORE_TOKEN", "SHOP_KEY"];

/** The JSON Schema of an installed package, for completion in editors. */
const SCHEMA = "node_modules/evenkeel/dist/schema.json";

/** What does not belong into a repository: secrets, and the ledger. */
const IGNORED = [".env", ".evenkeel/"];

/** Writes the starter config, unless there is a file already. */
export async function writeStarter(context: Context): Promise<number> {
  return writeConfig(
    STARTER,
    { variables: VARIABLES, first: "open it, and put in the addresses and fields of your two APIs" },
    context,
  );
}

/** Reads an API's list and writes a config whose source is what was found, unless there is a file already. */
export async function writeDraft(asked: Pick<DraftOptions, "url" | "auth">, context: Context): Promise<number> {
  const { host, common, printer } = context;
  const { name, file } = targetOf(context);
  // Nobody waits for an API only to hear that nothing is written.
  if (existsSync(file)) throw exists(name, file);
  const { signal } = host.interruption();
  const configFile = common.config === undefined ? {} : { configFile: common.config };
  const draft = await host.draft({ ...asked, ...configFile, cwd: host.cwd, env: host.env, signal });
  printer.record({ type: "draft", ...draft });
  if (!printer.isQuiet) printer.result(draftSummary(draft, printer.columns));
  const variables = [...variablesOf(asked.auth), "DESTINATION_TOKEN"];
  return writeConfig(draftText(draft), { variables, first: "open it, and fill in the destination" }, context);
}

function targetOf({ host, common }: Context): { readonly file: string; readonly name: string } {
  const file = resolve(host.cwd, common.config ?? "evenkeel.yaml");
  if (!/\.ya?ml$/i.test(file))
    throw misuse(`${basename(file)} is not the name of a YAML file`, "Choose one that ends in .yaml.");
  return { file, name: escapeLine(relative(host.cwd, file)) };
}

interface ToDo {
  readonly variables: readonly string[];
  readonly first: string;
}

async function writeConfig(text: string, { variables, first }: ToDo, context: Context): Promise<number> {
  const { printer, suggest, host } = context;
  const { file, name } = targetOf(context);
  const folder = dirname(file);
  const schema = existsSync(join(folder, SCHEMA)) ? `# yaml-language-server: $schema=./${SCHEMA}\n` : "";
  const isNew = await writeNew(file, schema + text).catch((error: unknown) => {
    throw unwritable(name, error);
  });
  if (!isNew) throw exists(name, file);
  const ignored = await ignore(join(folder, ".gitignore"));
  printer.record({ type: "initialized", file, gitignore: ignored });
  if (printer.isQuiet) return 0;
  const { style } = printer;
  printer.result(`${style("green", "wrote")} ${style("bold", name)}`);
  if (ignored.length > 0) printer.result(`added ${ignored.join(" and ")} to .gitignore`);
  const missing = unsetOf(variables, file, host.env);
  const steps = [
    first,
    ...(missing.length === 0
      ? []
      : [
          `put the secrets into a file .env beside it, and keep that out of version control:\n${missing.map((variable) => `       ${variable}=...`).join("\n")}`,
        ]),
    style("cyan", suggest("validate")),
  ];
  printer.result(`\nnext\n${steps.map((step, index) => `  ${index + 1}. ${step}`).join("\n")}`);
  return 0;
}

/** Those that a config in this file would not find: what is set already needs no file. */
function unsetOf(variables: readonly string[], file: string, env: Context["host"]["env"]): readonly string[] {
  const { substitute } = createSecrets({ file, env, readText: (path) => readFileSync(path, "utf8") });
  return variables.filter((name) => !substitute(`\${${name}}`, true).ok);
}

const exists = (name: string, file: string): EvenkeelError =>
  new EvenkeelError("USAGE", `${name} exists, and is left as it is`, {
    place: { file },
    next: "Delete it first, or write another one: `evenkeel init --config other.yaml`.",
  });

/** Adds what is missing to a .gitignore that exists; whoever has none has not asked for one. Gives what was added. */
async function ignore(file: string): Promise<readonly string[]> {
  if (!existsSync(file)) return [];
  const text = await readFile(file, "utf8");
  const present = new Set(text.split(/\r?\n/).map((line) => line.trim().replace(/^\//, "").replace(/\/$/, "")));
  const missing = IGNORED.filter((entry) => !present.has(entry.replace(/\/$/, "")));
  if (missing.length > 0)
    // It is only added to, so that a full disk takes nothing from it.
    await appendFile(file, `${text === "" || text.endsWith("\n") ? "" : "\n"}${missing.join("\n")}\n`).catch(
      (error: unknown) => {
        throw unwritable(basename(file), error);
      },
    );
  return missing;
}
