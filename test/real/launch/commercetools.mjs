import { CommercetoolsMock } from "@labdigital/commercetools-mock";

/** The mock as a server, with OAuth 2 for every request; on a free loopback port, until the channel to the parent closes. */
const mock = new CommercetoolsMock({
  apiHost: "http://127.0.0.1",
  authHost: "http://127.0.0.1",
  defaultProjectKey: "shop",
  enableAuthentication: true,
  validateCredentials: true,
  silent: true,
});
await mock.app.listen({ port: 0, host: "127.0.0.1" });
process.send({ port: mock.app.server.address().port });
process.on("disconnect", () => process.exit());
