import jsonServer from "json-server";
import { Provider } from "oidc-provider";
import { announce } from "./announce.mjs";

/** json-server behind oidc-provider, whose tokens are good for five seconds; `/counts` tells how many there were, and how many requests had none that was good. */
const LIFETIME_S = 5;
const client = {
  client_id: "me",
  client_secret: "a-client-secret",
  grant_types: ["client_credentials"],
  redirect_uris: [],
  response_types: [],
};
const provider = new Provider("http://127.0.0.1", {
  clients: [client],
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  ttl: { ClientCredentials: LIFETIME_S },
});
const counts = { tokens: 0, refused: 0 };
provider.on("grant.success", () => (counts.tokens += 1));

const app = jsonServer.create();
app.get("/counts", (_request, response) => response.json(counts));
app.use("/oidc", provider.callback());
app.use(async (request, response, next) => {
  const value = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  const token = value === undefined ? undefined : await provider.ClientCredentials.find(value);
  if (token?.isValid === true) return next();
  counts.refused += 1;
  return response.status(401).set("www-authenticate", "Bearer").json({ error: "invalid_token" });
});
app.use(jsonServer.defaults({ logger: false }));
app.use(jsonServer.router(process.argv[2]));
announce(app);
