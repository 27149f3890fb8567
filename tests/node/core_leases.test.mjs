// What a consumer over HTTP is told about its leases: whose they are, that they are lost, when and to whom.
import { check, eventually, main, sleep } from "./support/processes.mjs";
import { Core, expectStatus } from "./support/core.mjs";

let call;
let stranger;

const publish = async (payload, more = {}) =>
  (await call("POST", "/v1/queues/jobs/messages", { payload, ...more })).body.id;
const poll = async (body = {}) =>
  expectStatus(await call("POST", "/v1/queues/jobs/poll", body), 200, "a poll").body.messages;
const end = (how, body, as = call) => as("POST", `/v1/leases/${how}`, body);

async function tenantsAreApart() {
  await publish("secret");
  const [message] = await poll();
  for (const how of ["ack", "nack", "heartbeat"])
    expectStatus(await end(how, { lease: message.lease }, stranger), 404, `${how} by another tenant`);
  const batch = await end("ack", { leases: [{ lease: message.lease }] }, stranger);
  check(batch.body.results[0].status === 404, "a batch of another tenant is no way in");
  expectStatus(await stranger("POST", "/v1/queues/jobs/poll", {}), 404, "a queue of another tenant");
  expectStatus(await end("ack", { lease: message.lease }), 200, "ack by its owner");
  expectStatus(await end("ack", { lease: message.lease }, stranger), 404, "a finished one of another tenant");
}

async function lostLeasesAreExplained() {
  await publish("twice");
  const [once] = await poll({ consumer: "first" });
  expectStatus(await end("ack", { lease: once.lease }), 200, "ack");
  const again = expectStatus(await end("ack", { lease: once.lease }), 409, "ack twice");
  check(/finished before: at 20.+ by 'first'/.test(again.body.detail), `says: ${again.body.detail}`);

  await publish("expires");
  const [expired] = await poll({ lease_ms: 100, consumer: "slow" });
  await sleep(150);
  const [taken] = await poll({ consumer: "quick", wait_ms: 5_000 });
  check(taken.attempts === 2, `attempt ${taken.attempts}, expected the second`);
  const over = expectStatus(await end("ack", { lease: expired.lease }), 409, "ack of an expired lease");
  check(/ran out and 'quick' has the message since 20/.test(over.body.detail), `says: ${over.body.detail}`);
  expectStatus(await end("nack", { lease: taken.lease, delay_ms: 60_000, error: "later" }), 200, "nack");
  const returned = expectStatus(await end("heartbeat", { lease: taken.lease }), 409, "heartbeat after nack");
  check(/ended as failed by 'quick' at 20/.test(returned.body.detail), `says: ${returned.body.detail}`);

  await publish("dies");
  const [dying] = await poll();
  expectStatus(await end("nack", { lease: dying.lease, kind: "reject", error: "malformed" }), 200, "reject");
  const dead = expectStatus(await end("ack", { lease: dying.lease }), 409, "ack of a dead letter");
  check(/dead letter since 20.+: malformed/.test(dead.body.detail), `says: ${dead.body.detail}`);

  const forged = dying.lease.replace(/.$/, (c) => (c === "0" ? "1" : "0"));
  expectStatus(await end("ack", { lease: forged }), 404, "a forged lease");
  expectStatus(await end("ack", { lease: "nonsense" }), 404, "a text that is no lease");
  expectStatus(await call("POST", "/v1/queues/nowhere/poll", {}), 404, "an unknown queue");
  expectStatus(await call("POST", "/v1/queues/nowhere/messages", {}), 404, "an unknown queue");
}

async function heartbeatsComeInBatches() {
  for (let i = 0; i < 3; ++i) await publish(i);
  const leases = (await poll({ most: 3, lease_ms: 400 })).map(({ lease }) => lease);
  check(leases.length === 3, `${leases.length} messages, expected 3`);
  for (let i = 0; i < 4; ++i) {
    await sleep(200);
    const { body } = await end("heartbeat", {
      leases: [...leases.map((lease) => ({ lease, extend_ms: 400 })), { lease: "1-1-1" }],
    });
    check(body.results.map(({ status }) => status).join() === "200,200,200,404",
      `heartbeats: ${JSON.stringify(body)}`);
  }
  check((await poll()).length === 0, "an extended lease keeps its message");
  const { body } = await end("ack", { leases: leases.map((lease) => ({ lease })) });
  check(body.results.every(({ status }) => status === 200), `acks: ${JSON.stringify(body)}`);
}

async function sizesAreBounded() {
  const large = "x".repeat(1024 * 1024);
  expectStatus(await call("POST", "/v1/queues/jobs/messages", { payload: large }), 413, "a large message");
  expectStatus(await call("POST", "/v1/events", { topic: "a.b_c", payload: large }), 413, "a large event");
}

async function pollsAreWoken() {
  const waiting = poll({ wait_ms: 20_000 });
  await sleep(300);
  const published = Date.now();
  await publish("now");
  const [message] = await waiting;
  check(Date.now() - published < 900, `woken after ${Date.now() - published} ms`);
  await end("ack", { lease: message.lease });
}

await main(async () => {
  const core = await Core.start("leases");
  call = core.as(core.token("default"));
  stranger = core.as(core.token("other"));
  expectStatus(await call("PUT", "/v1/queues/jobs", { most_attempts: 3 }), 200, "a queue");
  await tenantsAreApart();
  await lostLeasesAreExplained();
  await heartbeatsComeInBatches();
  await sizesAreBounded();
  await pollsAreWoken();
  await eventually(() => core.balanced().then(() => true), { what: "a balanced account" });
  await core.stop();
  console.log("leases: tenants apart, losses explained, heartbeats in batches, sizes bounded, polls woken");
});
