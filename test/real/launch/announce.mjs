/**
 * Serves an Express application on a free loopback port, tells the parent where, and ends with it: when the channel to
 * the parent closes, by stop() or by the parent's death, this process has no reason to live.
 */
export function announce(app) {
  const server = app.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
  process.on("disconnect", () => process.exit());
  return server;
}
