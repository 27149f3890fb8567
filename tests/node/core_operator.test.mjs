// What an operator does with queues over HTTP: dead letters with their history, redrive of one, many or
// all, purge, pause and resume, and the metrics of it all.
import { check, main, sleep } from "./support/processes.mjs";
import { Core, expectStatus } from "./support/core.mjs";

let core;
let call;

const publish = async (payload, more = {}) =>
  (await call("POST", "/v1/queues/jobs/messages", { payload, ...more })).body.id;
const poll = async (body = {}) => (await call("POST", "/v1/queues/jobs/poll", body)).body.messages;
const letters = async () => (await call("GET", "/v1/queues/jobs/dead-letters")).body.dead_letters;
const metric = (name, more = {}) => core.metric(name, { tenant: "default", queue: "jobs", ...more });

async function kill(payload) {
  const id = await publish(payload);
  for (let i = 1; i <= 3; ++i) {
    const [message] = await poll({ consumer: `c${i}`, wait_ms: 5_000 });
    check(message.payload === payload && message.attempts === i, `attempt ${i}: ${JSON.stringify(message)}`);
    await call("POST", "/v1/leases/nack", { lease: message.lease, error: `boom ${i}`, delay_ms: 0 });
  }
  return id;
}

async function deadLettersTellEveryAttempt() {
  const id = await kill("poison");
  const [letter] = await letters();
  check(letter.id === id && letter.reason === "boom 3" && letter.payload === "poison",
    `the dead letter: ${JSON.stringify(letter)}`);
  const told = letter.attempts.map((one) => `${one.number} ${one.consumer} ${one.outcome} ${one.error}`);
  check(told.join("; ") === "1 c1 failed boom 1; 2 c2 failed boom 2; 3 c3 failed boom 3", `tells: ${told}`);
  for (const one of letter.attempts) check(one.started_at <= one.ended_at, "an attempt ends after it starts");
  return id;
}

async function lettersAreRedriven(first) {
  const redrive = (body, queue = "jobs") =>
    call("POST", `/v1/queues/${queue}/dead-letters/redrive`, body);
  const ids = [first];
  for (let i = 1; i < 6; ++i) ids.push(await kill(`p${i}`));
  expectStatus(await redrive({ ids: [ids[0]] }, "nowhere"), 404, "redrive of an unknown queue");
  expectStatus(await redrive({}), 400, "redrive of nothing");
  check((await redrive({ ids: [ids[1]] })).body.count === 1, "one is redriven");
  check((await redrive({ ids: [ids[1]] })).body.count === 0, "once");
  check((await redrive({ ids: [ids[2], ids[3]] })).body.count === 2, "many are redriven");
  check((await letters()).length === 3, "the others stay");
  check((await redrive({ all: true })).body.count === 3, "all are redriven");
  const messages = await poll({ most: 10 });
  check(messages.length === 6 && messages.every(({ attempts }) => attempts === 1),
    `redriven messages start anew: ${JSON.stringify(messages.map(({ attempts }) => attempts))}`);
  check(messages.map(({ id }) => id).sort().join() === ids.sort().join(), "they keep their ids");
  await call("POST", "/v1/leases/nack",
    { leases: messages.map(({ lease }) => ({ lease, kind: "reject", error: "no" })) });
  expectStatus(await call("DELETE", "/v1/queues/jobs/dead-letters"), 200, "dead letters are purged");
  check((await letters()).length === 0, "none is left");
}

async function aPausedQueueKeepsWhatItGets() {
  await call("POST", "/v1/queues/jobs/pause");
  const waiting = poll({ wait_ms: 10_000 });
  await publish("patient");
  await sleep(300);
  check(await metric("junctor_queue_messages", { state: "ready" }) === 1, "it was accepted");
  const resumed = Date.now();
  await call("POST", "/v1/queues/jobs/resume");
  const [message] = await waiting;
  check(message.payload === "patient" && Date.now() - resumed < 2_000, "resuming wakes who waits");
  await call("POST", "/v1/leases/ack", { lease: message.lease });
}

async function aQueueIsPurged() {
  for (let i = 0; i < 20; ++i) await publish(i, { partition_key: i % 2 ? "lane" : "" });
  await publish("later", { delay_ms: 3_600_000 });
  const [kept] = await poll();
  const { body } = await call("POST", "/v1/queues/jobs/purge");
  check(body.count === 20, `${body.count} were purged, expected all but the leased one`);
  expectStatus(await call("POST", "/v1/leases/ack", { lease: kept.lease }), 200, "the leased one goes on");
}

async function metricsTellTheState() {
  const before = await metric("junctor_queue_accepted_total");
  await publish("old");
  await publish("behind", { partition_key: "k" });
  await publish("behind", { partition_key: "k" });
  await publish("later", { delay_ms: 3_600_000 });
  await sleep(1_100);
  const states = {};
  for (const state of ["ready", "delayed", "leased", "behind", "dead"])
    states[state] = await metric("junctor_queue_messages", { state });
  check(JSON.stringify(states) === '{"ready":2,"delayed":1,"leased":0,"behind":1,"dead":0}',
    `states: ${JSON.stringify(states)}`);
  const oldest = await metric("junctor_queue_oldest_seconds");
  check(oldest >= 1 && oldest < 30, `the oldest is ${oldest} s old`);
  check(await metric("junctor_queue_accepted_total") === before + 4, "accepted counts");
  check(await metric("junctor_queue_retried_total") > 0, "repeated attempts count");
  const { body } = await call("GET", "/v1/queues");
  check(body.queues[0].unaccounted === 0 && body.queues[0].ready === 2, `listed: ${JSON.stringify(body)}`);
  await core.balanced();
}

await main(async () => {
  core = await Core.start("operator");
  call = core.as(core.token("default"));
  expectStatus(await call("PUT", "/v1/queues/jobs",
    { most_attempts: 3, backoff: { first_ms: 0, factor: 1, most_ms: 0 } }), 200, "a queue");
  await lettersAreRedriven(await deadLettersTellEveryAttempt());
  await aPausedQueueKeepsWhatItGets();
  await aQueueIsPurged();
  await metricsTellTheState();
  await core.stop();
  console.log("operator: dead letters, redrive, purge, pause and metrics are as documented");
});
