import jsonServer from "json-server";
import { announce } from "./announce.mjs";

/** What the command `json-server FILE` serves, with its default middlewares less the logger. */
const app = jsonServer.create();
app.use(jsonServer.defaults({ logger: false }));
app.use(jsonServer.router(process.argv[2]));
announce(app);
