import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { announce } from "./announce.mjs";

/** What the command `cds-serve` serves for ../cap, but on loopback only: by itself cds listens on every interface. */
process.chdir(fileURLToPath(new URL("../cap", import.meta.url)));
const cds = createRequire(import.meta.url)("@sap/cds");
cds.once("bootstrap", (app) => {
  const listen = app.listen.bind(app);
  app.listen = () => announce({ listen });
});
await cds.server({ in_memory: true });
