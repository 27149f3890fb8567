// A full disk, a real one of 24 MiB: writes are refused with 507 and Retry-After, reading goes on, nothing
// acknowledged is missing, nothing is damaged, and with room the engine serves again by itself.
import fs from "node:fs";
import path from "node:path";
import { spawnSync } from "node:child_process";

import { check, eventually, main, skip, tempDir } from "./support/processes.mjs";
import { Core, command, expectStatus, junctor } from "./support/core.mjs";

if (process.getuid() !== 0 || spawnSync("unshare", ["-m", "true"]).status !== 0)
  skip("mounting a small file system needs root (without it: FullDiskTest)");

await main(async () => {
  const folder = tempDir("disk-full");
  fs.mkdirSync(path.join(folder, "data"));
  const mount = `mount -t tmpfs -o size=24m tmpfs ${path.join(folder, "data")} && exec "$@"`;
  const core = await Core.start("disk-full", { folder, wrap: ["unshare", "-m", "sh", "-c", mount, "sh"] });
  // The mount is seen by the engine alone; this is the way into its view.
  const inside = `/proc/${core.engine.pid}/root${path.join(folder, "data")}`;
  const enter = (...words) => spawnSync("nsenter", ["-t", String(core.engine.pid), "-m", ...words], { encoding: "utf8" });
  const made = enter(junctor(), "token", "create", "t", ...core.settings);
  check(made.status === 0, `no token: ${made.stderr}`);
  const call = core.as(made.stdout.trim());
  expectStatus(await call("PUT", "/v1/queues/jobs", {}), 200, "a queue");

  const acknowledged = [];
  let refused = 0;
  const publish = async () => {
    const n = acknowledged.length + refused;
    const answer = await call("POST", "/v1/queues/jobs/messages", { payload: { n, filler: "x".repeat(30_000) } });
    if (answer.status === 201) acknowledged.push(n);
    else {
      expectStatus(answer, 507, "publishing on a full disk");
      check(answer.headers.get("retry-after") === "1", "a 507 says when to repeat");
      refused += 1;
    }
    return answer.status;
  };
  fs.writeFileSync(path.join(inside, "ballast"), Buffer.alloc(12 << 20));
  for (let i = 0; i < 2_000 && refused < 20; ++i) await publish();
  check(refused >= 20, `the disk did not fill up with ${acknowledged.length} messages`);
  const waiting = (await call("GET", "/v1/queues")).body.queues[0];
  check(waiting.ready === acknowledged.length, `${waiting.ready} wait, ${acknowledged.length} were acknowledged`);
  check((await fetch(`${core.url}/healthz`)).status === 200, "it is alive");

  fs.rmSync(path.join(inside, "ballast"));
  await eventually(async () => (await publish()) === 201, { within: 10_000, what: "service with room again" });
  const got = [];
  for (;;) {
    const { messages } = expectStatus(await call("POST", "/v1/queues/jobs/poll", { most: 100 }), 200, "a poll").body;
    if (messages.length === 0) break;
    got.push(...messages.map(({ payload }) => payload.n));
    expectStatus(await call("POST", "/v1/leases/ack", { leases: messages.map(({ lease }) => ({ lease })) }), 200, "ack");
  }
  check(got.join() === acknowledged.join(), `got ${got.length} of ${acknowledged.length}`);
  await core.balanced();
  const backup = enter(junctor(), "backup", path.join(folder, "sound.db"), ...core.settings);
  check(backup.status === 0, `a backup: ${backup.stderr}`);
  const restored = command("restore", path.join(folder, "sound.db"), "--data-dir", path.join(folder, "restored"));
  check(restored.code === 0, `the database is not sound: ${restored.said}`);
  await core.stop();
  console.log(`disk full: ${acknowledged.length} acknowledged, ${refused} refused with 507, none missing`);
});
