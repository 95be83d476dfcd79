import { listed } from "../core/observation.ts";
import { flowText, plainText } from "../core/config-text.ts";
import { pathExpression } from "../core/record-list.ts";
import type { Draft } from "../draft.ts";
import { count, counted } from "./amounts.ts";
import { escapeLine } from "./escape.ts";
import { hanging } from "./failure.ts";
import { padEnd } from "./width.ts";

/** Fields that a comment shows. */
const FIELDS_SHOWN = 40;

/** A config whose source is what was found, and whose destination is to be filled in. What was not certain stands in comments. */
export function draftText({ name, source, paging, cursor, fields, records }: Draft): string {
  const { baseUrl, request, query, auth, key, pagination } = source;
  const keyParts = key.length === 1 ? key[0] : key;
  const keyed = key.map((part) => `{${part}}`).join("/");
  const sync = name === "source" || name === "destination" ? "records" : name;
  const queries = Object.entries(query).map(([parameter, values]) => {
    const texts = values.map((value) => plainText(value));
    return `${plainText(parameter)}: ${texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`}`;
  });
  return lines(
    `# Evenkeel: ${sync}, as ${counted(records, "record")} of the API showed ${records === 1 ? "it" : "them"}. Fill in the destination, then:`,
    "#",
    "#   evenkeel validate            checks this file; no network",
    "#   evenkeel probe               what both APIs really do",
    "#   evenkeel plan --limit 10     reads ten records and shows what would be written",
    "#   evenkeel run                 makes the destination match the source",
    "",
    "connections:",
    "  source:",
    `    baseUrl: ${plainText(baseUrl)}`,
    ...(auth === undefined ? [] : [`    auth: ${flowText(auth)}`]),
    "",
    "  destination: # fill in: the API that records are written to",
    "    baseUrl: https://api.destination.example/v1",
    '    auth: { type: bearer, token: "${DESTINATION_TOKEN}" } # or { type: none }',
    "",
    "syncs:",
    `  ${plainText(sync)}:`,
    "    source:",
    "      connection: source",
    `      request: ${plainText(request)}`,
    ...(queries.length === 0 ? [] : [`      query: { ${queries.join(", ")} }`]),
    `      records: ${plainText(source.records)}`,
    `      key: ${flowText(keyParts)}`,
    ...pagingLines(paging, pagination, records),
    ...cursorLines(cursor, source.cursor),
    "",
    "    # The destination's record, field by field; without a mapping, the record is written as it is. Fields of the source:",
    ...fields.slice(0, FIELDS_SHOWN).map(({ path, types, present, of }) => {
      const share = present === of ? "" : `, in ${count(present)} of ${count(of)}`;
      return `    #   ${escapeLine(path.join("."))}: ${listed(types)}${share}`;
    }),
    ...(fields.length > FIELDS_SHOWN ? [`    #   and ${count(fields.length - FIELDS_SHOWN)} more`] : []),
    "    # mapping:",
    `    #   ${escapeLine(fields[0]?.path[0] ?? "id")}: ${escapeLine(key[0] ?? "id")}`,
    "",
    "    destination: # fill in: the request that writes a record",
    "      connection: destination",
    "      # Where a record has its own address, a write may be repeated safely:",
    `      upsert: ${plainText(`PUT /${sync}/${keyed}`)}`,
    "      # Where the destination assigns ids, declare these instead:",
    `      #   create: { request: POST /${sync}, id: id, idempotencyKey: { header: Idempotency-Key } }`,
    `      #   update: PATCH /${sync}/{$id}`,
    `      #   find: { request: GET /${sync}, query: { external_ref: "{$key}" }, record: "data[0]", id: id }`,
    "      # Lets a write whose answer was lost be looked up:",
    `      # read: ${plainText(`GET /${sync}/${keyed}`)}`,
    "      # Lets `evenkeel check` compare all that the destination holds, with the `pagination` of its list:",
    `      # list: ${flowText({ request: `GET /${sync}`, records: "data", key: keyParts })}`,
  );
}

function pagingLines(
  { seen, certainty, mayBeLeftOut }: Draft["paging"],
  pagination: Draft["source"]["pagination"],
  records: number,
): readonly string[] {
  switch (certainty) {
    case "tried":
      return [
        `      # Tried: ${seen}, and one page leads to the next.`,
        ...(mayBeLeftOut === undefined ? [] : leftOutLines(pathExpression([mayBeLeftOut]))),
        `      pagination: ${flowText(pagination)}`,
      ];
    case "supposed":
      return [
        `      # Not tried, since all ${count(records)} records came on one page: ${seen}.`,
        `      pagination: ${flowText(pagination)}`,
      ];
    case "none":
      return [
        `      # Not certain: ${seen}, and ${counted(records, "record")} came in one answer. If there are more, declare how one page leads to the next:`,
        "      # pagination: { type: page, param: page, size: { param: per_page, value: 100 } }",
      ];
  }
}

const leftOutLines = (name: string): readonly string[] => [
  `      # Not seen: the last page. If that leaves \`${escapeLine(name)}\` out, a run says so; then add \`more: ${escapeLine(`$exists(${name})`)}\`.`,
];

function cursorLines(found: Draft["cursor"], declared: Draft["source"]["cursor"]): readonly string[] {
  if (found === undefined)
    return [
      "      # No field seems to tell when a record last changed: every run reads everything, and writes only what differs.",
    ];
  if (declared !== undefined)
    return [
      `      # Tried: with \`${escapeLine(declared.param)}\`, only records came that have changed since.`,
      `      cursor: ${flowText(declared)}`,
    ];
  const { field, type } = found;
  return [
    `      # \`${escapeLine(field)}\` seems to tell when a record last changed, and no parameter was found that asks for it: every run reads everything,`,
    "      # and writes only what differs. If the API has one, put its name here:",
    `      # cursor: ${flowText({ field, type, param: "updated_since" })}`,
  ];
}

const lines = (...all: readonly string[]): string => `${all.join("\n")}\n`;

/** What was found, for whoever waits at the terminal. */
export function draftSummary({ source, paging, cursor, records, requests }: Draft, columns: number): string {
  const row = (label: string, text: string): readonly string[] =>
    hanging(`${padEnd(label, 9)} `, escapeLine(text), columns);
  const { seen, certainty } = paging;
  const paged = {
    tried: `${flowText(source.pagination)}: ${seen}, and one page leads to the next`,
    supposed: `${flowText(source.pagination)}: ${seen}; all is on one page, so it was not tried`,
    none: `none was found: ${seen}; look for it in the API's documentation if there are more records`,
  };
  const changed =
    source.cursor !== undefined
      ? `${source.cursor.field}, asked for with ${source.cursor.param}`
      : cursor === undefined
        ? "none: no field seems to tell when a record last changed"
        : `${cursor.field} seems to be one, and no parameter was found that asks for it`;
  return [
    ...row("records", `${source.records}; ${counted(records, "record")} looked at, in ${counted(requests, "request")}`),
    ...row("key", source.key.join(" and ")),
    ...row("paging", paged[certainty]),
    ...row("cursor", changed),
    "",
  ].join("\n");
}
