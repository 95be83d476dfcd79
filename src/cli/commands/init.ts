import { Command } from "commander";
import { examples } from "../arguments.ts";
import { misuse, type Invocation } from "../context.ts";

interface InitFlags {
  readonly from?: string;
  readonly auth?: string;
}

export const initCommand = (invocation: Invocation): Command =>
  new Command("init")
    .summary("write a starter evenkeel.yaml, or one made from an API")
    .description(
      "write a starter evenkeel.yaml with comments; with --from, one whose source is found out by reading an API's list: records, key, paging, cursor. An existing file is never overwritten",
    )
    .option("--from <url>", "the address of the source's list; it is read with a few GETs")
    .option(
      "--auth <how>",
      "with --from: bearer:VARIABLE, header:NAME:VARIABLE, query:NAME:VARIABLE or basic:VARIABLE:VARIABLE, with names of environment variables",
    )
    .addHelpText(
      "after",
      examples(
        ["evenkeel init", "writes evenkeel.yaml into this folder"],
        ["evenkeel init --config shop.yaml", "writes shop.yaml"],
        ["evenkeel init --from https://api.example/orders", "finds out how its list is read"],
      ),
    )
    .action(({ from, auth }: InitFlags, command: Command) =>
      invocation.act(command, async (context) => {
        const { writeDraft, writeStarter } = await import("../starter.ts");
        if (from !== undefined)
          return writeDraft({ url: from, ...(auth === undefined ? {} : { auth: authOf(auth) }) }, context);
        if (auth !== undefined) throw misuse("`--auth` is for reading an API", "Add `--from URL`.");
        return writeStarter(context);
      }),
    );

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Credentials as a config writes them. Only names are taken, so that no secret is left in a shell's history or in the file. */
function authOf(how: string): { readonly type: string } & Readonly<Record<string, string>> {
  const [type, first = "", second, ...more] = how.split(":");
  const isName = (name: string | undefined): name is string => name !== undefined && VARIABLE.test(name);
  if (more.length === 0) {
    if (type === "bearer" && second === undefined && isName(first)) return { type, token: `\${${first}}` };
    if ((type === "header" || type === "query") && first !== "" && isName(second))
      return { type, name: first, value: `\${${second}}` };
    if (type === "basic" && isName(first) && isName(second))
      return { type, username: `\${${first}}`, password: `\${${second}}` };
  }
  if (type === "oauth2" || type === "jwt")
    throw misuse(
      `\`--auth\` knows no ${type}`,
      `Get a token as the API's documentation says, put it into a variable, and read with \`--auth bearer:API_TOKEN\`; in the file that is written, put \`auth: { type: ${type}, ... }\` in its place (docs/credentials.md).`,
    );
  throw misuse(
    "`--auth` takes the kind of credentials and the names of the environment variables that hold them",
    "Write bearer:API_TOKEN, header:X-Api-Key:API_KEY, query:api_key:API_KEY or basic:API_USER:API_PASSWORD, with names of your own.",
  );
}
