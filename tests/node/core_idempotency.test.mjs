// One idempotency key is one publication, however many send it at once: the first publishes, the others
// are told that it is under way (409) or get its answer again; another payload is refused (422). On SQLite,
// and on PostgreSQL through two engines at once.
import { check, main } from "./support/processes.mjs";
import { Core, expectStatus } from "./support/core.mjs";
import { Postgres } from "./support/postgres.mjs";

const keys = 40;
const atOnce = 8;

async function publishAtOnce(callers, queue) {
  const counts = { published: 0, again: 0, busy: 0 };
  for (let k = 0; k < keys; ++k) {
    const target = queue ? "/v1/queues/jobs/messages" : "/v1/events";
    const body = { topic: "crm.contact_made", payload: { k } };
    const header = { "Idempotency-Key": `"key-${queue ? "m" : "e"}-${k}"` };
    const answers = await Promise.all(Array.from({ length: atOnce }, (_, i) =>
      callers[i % callers.length]("POST", target, body, header)));
    const first = answers.filter((answer) => answer.status === 201);
    check(first.length === 1, `key ${k}: ${first.length} were published: ${answers.map((a) => a.status)}`);
    const { id } = first[0].body;
    for (const answer of answers) {
      if (answer.status === 201) counts.published += 1;
      else if (answer.status === 200) {
        check(answer.body.id === id && answer.body.replayed, `key ${k}: another answer was repeated`);
        counts.again += 1;
      } else {
        expectStatus(answer, 409, `key ${k} while it is under way`);
        check(answer.headers.get("retry-after") === "1", "a 409 says when to repeat");
        counts.busy += 1;
      }
    }
    for (const call of callers) {
      const later = expectStatus(await call("POST", target, body, header), 200, "repeated later");
      check(later.body.id === id, "the first answer is repeated later");
      expectStatus(await call("POST", target, { ...body, payload: { k, other: true } }, header), 422,
        "the key with another payload");
    }
  }
  return counts;
}

async function testWith(name, engines) {
  const tokens = engines.map(() => engines[0].token("default"));
  const callers = engines.map((engine, i) => engine.as(tokens[i]));
  expectStatus(await callers[0]("PUT", "/v1/queues/jobs", {}), 200, "a queue");
  for (const queue of [false, true]) {
    const counts = await publishAtOnce(callers, queue);
    console.log(`${name}, ${queue ? "messages" : "events"}: ${JSON.stringify(counts)}`);
    check(counts.busy > 0, "no two publications met: the test shows nothing");
  }
  const accepted = await engines[0].metric("junctor_queue_accepted_total", { tenant: "default", queue: "jobs" });
  check(accepted === keys, `${accepted} messages were accepted for ${keys} keys`);
  for (const engine of engines) await engine.stop();
}

await main(async () => {
  await testWith("SQLite", [await Core.start("idempotency")]);
  const database = (await Postgres.start()).url;
  const first = await Core.start("idempotency-pg", { database });
  // The same folder: both need the root key.
  await testWith("PostgreSQL", [first, await Core.start("second", { database, folder: first.folder })]);
});
