// A backup taken while writers run is a whole database: it is restored by a command, refuses to overwrite,
// is checked, and its account balances. On SQLite with VACUUM INTO, on PostgreSQL with its own programs.
import fs from "node:fs";
import path from "node:path";

import { check, eventually, main, sleep, tempDir } from "./support/processes.mjs";
import { Core, command, commandBeside, expectStatus } from "./support/core.mjs";
import { Postgres } from "./support/postgres.mjs";

// Publishes and consumes until told to stop; what was acknowledged, by the time it was.
function work(call) {
  const state = { running: true, published: [], finished: new Set() };
  const publisher = async (who) => {
    for (let n = 0; state.running; ++n) {
      const body = { payload: `${who}-${n}`, partition_key: n % 3 ? "" : who };
      expectStatus(await call("POST", "/v1/queues/jobs/messages", body), 201, "publish");
      state.published.push({ name: body.payload, at: Date.now() });
    }
  };
  const consumer = async () => {
    while (state.running) {
      const { messages } = (await call("POST", "/v1/queues/jobs/poll", { most: 5, wait_ms: 100 })).body;
      if (messages.length === 0) continue;
      await sleep(20);
      await call("POST", "/v1/leases/ack", { leases: messages.map(({ lease }) => ({ lease })) });
      for (const { payload } of messages) state.finished.add(payload);
    }
  };
  state.ended = Promise.all([publisher("a"), publisher("b"), publisher("c"), consumer()]);
  return state;
}

async function checkRestored(name, core, before) {
  const call = core.as(core.token("default"));
  await core.balanced();
  const [queue] = (await call("GET", "/v1/queues")).body.queues;
  check(queue.accepted >= before.length, `${name}: ${queue.accepted} accepted, ${before.length} were acknowledged before`);
  const got = new Set();
  for (;;) {
    const { messages } = (await call("POST", "/v1/queues/jobs/poll", { most: 500, wait_ms: 0 })).body;
    if (messages.length === 0) break;
    for (const { payload } of messages) got.add(payload);
    await call("POST", "/v1/leases/ack", { leases: messages.map(({ lease }) => ({ lease })) });
  }
  await core.balanced();
  return { got, accepted: queue.accepted, finished: queue.finished };
}

async function testWith(name, first, restoreInto) {
  const call = first.as(first.token("default"));
  expectStatus(await call("PUT", "/v1/queues/jobs", { lease_ms: 500 }), 200, "a queue");
  const state = work(call);
  await eventually(() => state.published.length > 200, { what: "work" });
  const copy = path.join(tempDir("copies"), "copy");
  const started = Date.now();
  const backup = await commandBeside("backup", copy, ...first.settings);
  check(backup.code === 0, `${name}: no backup: ${backup.said}`);
  const again = await commandBeside("backup", copy, ...first.settings);
  check(again.code === 1 && /exists already/.test(again.said), `${name}: a backup replaces another: ${again.code} ${again.said}`);
  const before = state.published.filter(({ at }) => at < started);
  await eventually(() => state.published.length > before.length + 100, { what: "work after the backup" });
  state.running = false;
  await state.ended;
  await first.stop();

  const second = await restoreInto(copy);
  const { got, accepted, finished } = await checkRestored(name, second, before);
  const missing = before.filter(({ name: one }) => !got.has(one) && !state.finished.has(one));
  check(missing.length === 0, `${name}: not in the backup: ${missing.map((one) => one.name).slice(0, 9)}`);
  await second.stop();
  console.log(`${name}: ${accepted} accepted and ${finished} finished in the backup, ${before.length} acknowledged before it`);
}

async function sqlite() {
  const first = await Core.start("backup");
  const folder = tempDir("restored");
  const into = ["--data-dir", path.join(folder, "data")];
  const running = command("restore", "/nonexistent", ...first.settings);
  check(running.code === 1 && /stop it first/.test(running.said), `restoring under an engine: ${running.said}`);
  await testWith("SQLite", first, async (copy) => {
    const torn = `${copy}.torn`;
    fs.writeFileSync(torn, fs.readFileSync(copy).fill(0x5a, 20_000, 60_000));
    const bad = command("restore", torn, ...into);
    check(bad.code === 1 && /cannot be used/.test(bad.said), `a damaged backup: ${bad.code} ${bad.said}`);
    check(!fs.existsSync(path.join(folder, "data/junctor.db")), "a damaged backup leaves nothing");
    const done = command("restore", copy, ...into);
    check(done.code === 0, `restore: ${done.said}`);
    const again = command("restore", copy, ...into);
    check(again.code === 1 && /--replace/.test(again.said), `over a database: ${again.said}`);
    const replaced = command("restore", copy, "--replace", ...into);
    check(replaced.code === 0 && fs.existsSync(path.join(folder, "data/junctor.db.replaced")),
      `replacing: ${replaced.said}`);
    fs.copyFileSync(path.join(first.dataDir, "root.key"), path.join(folder, "data/root.key"));
    return Core.start("restored", { folder });
  });
}

async function postgres() {
  const [from, to] = [await Postgres.start(), await Postgres.start()];
  const into = ["--data-dir", path.join(tempDir("into"), "data"), "--database-url", to.url];
  const first = await Core.start("backup-pg", { database: from.url });
  const running = command("restore", path.join(first.folder, "none"), ...first.settings);
  check(running.code === 1, "restoring what is not there");
  await testWith("PostgreSQL", first, async (copy) => {
    const done = command("restore", copy, ...into);
    check(done.code === 0, `restore: ${done.said}`);
    const again = command("restore", copy, ...into);
    check(again.code === 1 && /--replace/.test(again.said), `over a database: ${again.said}`);
    const torn = `${copy}.torn`;
    fs.writeFileSync(torn, fs.readFileSync(copy).subarray(0, 9_000));
    const bad = command("restore", torn, "--replace", ...into);
    check(bad.code === 1 && /pg_restore failed/.test(bad.said), `a damaged backup: ${bad.said}`);
    // Twice, so that the place for what is replaced is taken already.
    for (let i = 0; i < 2; ++i) {
      const replaced = command("restore", copy, "--replace", ...into);
      check(replaced.code === 0, `replacing: ${replaced.said}`);
    }
    fs.copyFileSync(path.join(first.dataDir, "root.key"), path.join(into[1], "root.key"));
    const engine = await Core.start("restored-pg", { database: to.url, folder: path.dirname(into[1]) });
    const used = command("restore", copy, "--replace", ...into);
    check(used.code === 1 && /stop it first/.test(used.said), `restoring under an engine: ${used.said}`);
    return engine;
  });
}

await main(async () => {
  await sqlite();
  await postgres();
});
