// PostgreSQL stopped and started, and killed, under an engine that is being used: 503 with Retry-After,
// nothing acknowledged that is not there afterwards, and service without a restart of the engine.
import { check, eventually, main, sleep } from "./support/processes.mjs";
import { Core, expectStatus } from "./support/core.mjs";
import { Postgres } from "./support/postgres.mjs";

await main(async () => {
  const postgres = await Postgres.start();
  const core = await Core.start("database-away", { database: postgres.url });
  const call = core.as(core.token("default"));
  expectStatus(await call("PUT", "/v1/queues/jobs", {}), 200, "a queue");

  const acknowledged = new Set();
  let refused = 0;
  let running = true;
  const publisher = async (who) => {
    for (let n = 0; running; ++n) {
      // Repeated with its key until there is an answer, as a publisher does.
      const name = `${who}-${n}`;
      for (;;) {
        const answer = await call("POST", "/v1/queues/jobs/messages", { payload: name }, { "Idempotency-Key": name });
        if (answer.status === 201 || answer.status === 200) {
          acknowledged.add(name);
          break;
        }
        if (answer.status !== 409) expectStatus(answer, 503, "publishing without the database");
        check(answer.headers.get("retry-after"), `a ${answer.status} says when to repeat`);
        refused += answer.status === 503;
        if (!running) break;
        await sleep(50);
      }
    }
  };
  const publishers = ["a", "b", "c", "d"].map(publisher);
  for (const how of ["SIGINT", "SIGKILL"]) {
    await eventually(() => acknowledged.size > 50, { what: "publishing" });
    postgres.process.child.kill(how);
    await postgres.process.ended;
    const before = refused;
    await eventually(() => refused > before + 5, { what: "503 while the database is away" });
    const answer = await call("POST", "/v1/leases/ack", { lease: "1-1-1" });
    expectStatus(answer, 503, "ack without the database");
    expectStatus(await call("GET", "/v1/queues"), 503, "reading without the database");
    // What a killed server leaves behind must be gone before the next one takes its place.
    await eventually(() => postgres.launch().then(() => true), { within: 60_000, every: 500, what: "PostgreSQL again" });
    const count = acknowledged.size;
    await eventually(() => acknowledged.size > count + 50, { what: "service without a restart" });
  }
  running = false;
  await Promise.all(publishers);
  const got = new Map();
  for (;;) {
    const { messages } = (await call("POST", "/v1/queues/jobs/poll", { most: 500 })).body;
    if (messages.length === 0) break;
    for (const { payload } of messages) got.set(payload, (got.get(payload) ?? 0) + 1);
    await call("POST", "/v1/leases/ack", { leases: messages.map(({ lease }) => ({ lease })) });
  }
  const missing = [...acknowledged].filter((name) => !got.has(name));
  check(missing.length === 0, `acknowledged and missing: ${missing.slice(0, 20)}`);
  const twice = [...got].filter(([, times]) => times > 1);
  check(twice.length === 0, `stored twice: ${twice.slice(0, 20)}`);
  await core.balanced();
  await core.stop();
  console.log(`database away: ${acknowledged.size} acknowledged, ${refused} answers 503, none missing, none twice`);
});
