import { existsSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { EvenkeelError } from "../../core/errors.ts";
import { systemCwd } from "../../runtime/process.ts";
import { writeJson, type CommandContext } from "../context.ts";

/** `evenkeel init` */
export async function init(context: CommandContext): Promise<number> {
  const { options, terminal } = context;
  const file = resolve(systemCwd(), options.config ?? "evenkeel.yaml");
  if (existsSync(file))
    throw new EvenkeelError("USAGE", `${file} exists already, and is left as it is`, {
      next: "Name another file with `--config FILE`.",
    });
  writeFileSync(file, STARTER);
  if (options.json === true) writeJson(context, { type: "written", file });
  else
    terminal.stdout.write(
      `Wrote ${file}.\nFill in the two APIs, put the secrets into the environment or a .env file beside it (and .env and .evenkeel/ into .gitignore), then:\n\n  evenkeel validate\n  evenkeel plan --limit 5\n  evenkeel run --limit 1 --trace\n  evenkeel run\n`,
    );
  return 0;
}

const STARTER = `# Evenkeel: where records come from, where they go. All keys: docs/config.md
connections:
  source:
    baseUrl: https://api.source.example/v1
    auth: { type: bearer, token: "\${SOURCE_TOKEN}" }       # or basic, header, query, none
  destination:
    baseUrl: https://api.destination.example/v1
    auth: { type: header, name: X-Api-Key, value: "\${DESTINATION_KEY}" }
    # limits: { rate: 10/s }                               # learned from the API's headers when absent

syncs:
  products:
    source:
      connection: source
      request: GET /products
      records: data                                        # where the list is in an answer
      key: id
      pagination: { type: cursor, next: meta.next_cursor, param: cursor }
      # cursor: { field: updated_at, type: timestamp, param: updated_since, lookback: 2m }
    mapping:                                               # the destination's fields; absent: the record as it is
      sku: id
      name: title
      # priceCents: $round(price * 100)                    # JSONata
    destination:
      connection: destination
      upsert: PUT /items/{sku}
      # Where the destination assigns the ids:
      # create: { request: POST /items, id: id, idempotencyKey: { header: Idempotency-Key, retention: 24h } }
      # update: PATCH /items/{$id}
`;
