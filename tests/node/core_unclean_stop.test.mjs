// After a kill the database is checked before anything is served, and the log says so; a damaged one is
// refused with one line; after a clean stop nothing is checked.
import fs from "node:fs";
import path from "node:path";
import { spawnSync } from "node:child_process";

import { check, main } from "./support/processes.mjs";
import { Core, expectStatus, junctor } from "./support/core.mjs";

const sound = /last stop was unclean; '.*junctor\.db' is sound/;

await main(async () => {
  const core = await Core.start("unclean");
  const call = core.as(core.token("default"));
  expectStatus(await call("PUT", "/v1/queues/jobs", {}), 200, "a queue");
  for (let n = 0; n < 50; ++n)
    expectStatus(await call("POST", "/v1/queues/jobs/messages", { payload: "x".repeat(8_000) }), 201, "publish");
  check(!sound.test(core.engine.output), "a first start checks nothing");
  await core.stop();
  await core.serve();
  check(!sound.test(core.engine.output), "after a clean stop nothing is checked");
  await core.engine.kill();
  await core.serve();
  check(sound.test(core.engine.output), `after a kill the log says what was found: ${core.engine.output}`);
  const [queue] = (await call("GET", "/v1/queues")).body.queues;
  check(queue.ready === 50, `${queue.ready} of 50 messages`);
  await core.engine.kill();

  const file = path.join(core.dataDir, "junctor.db");
  fs.rmSync(`${file}-wal`, { force: true });
  const bytes = fs.readFileSync(file);
  fs.writeFileSync(file, bytes.fill(0x5a, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 40_000));
  for (let attempt = 1; attempt <= 2; ++attempt) {
    const result = spawnSync(junctor(), ["serve", "--port", "0", ...core.settings],
      { encoding: "utf8", timeout: 20_000 });
    const lines = result.stderr.trim().split("\n").filter((line) => line.startsWith("junctor:"));
    check(result.status === 1 && lines.length === 1 && /is damaged; restore a backup/.test(lines[0]),
      `start ${attempt} on a damaged database: code ${result.status}, ${result.stderr}`);
  }
  console.log("unclean stop: checked and served when sound, refused with one line when damaged");
});
