// Two engines on one PostgreSQL call one provider: together they stay within the limit that its definition
// declares, a 429 that one of them is answered pauses the other, and one that is killed takes no share along.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";

import { check, eventually, main, sleep, tempDir } from "./support/processes.mjs";
import { Core, expectStatus } from "./support/core.mjs";
import { Postgres } from "./support/postgres.mjs";

const rate = 40;
const burst = 20;
const batch = rate / 2; // what a process takes at a time (docs/connectors.md)
const callers = 12;

const definition = (url) => `slug: limited
endpoints: {base_url: "${url}"}
auth: {type: api_key, api_key: {name: X-Key, value: "=vars.key"}}
vars: {key: {type: password}}
api_defaults:
  retry: {attempts: 1}
  rate_limits: [{requests: ${rate}, per: 1s, burst: ${burst}}]
actions:
  get: {params: {from: {required: true}}, api: {path: /row}}
`;

// What arrives, when, and from which engine; answers one 429 when told to.
class Provider {
  arrivals = [];
  refuseOnce = null; // {from, seconds}
  refusedAt = null;

  async open() {
    this.server = http.createServer((request, response) => {
      const from = new URL(request.url, "http://x").searchParams.get("from");
      const at = performance.now();
      this.arrivals.push({ at, from, key: request.headers["x-key"] });
      if (this.refuseOnce && this.refuseOnce.from === from) {
        this.refusedAt = at;
        response.writeHead(429, { "Content-Type": "application/json", "Retry-After": String(this.refuseOnce.seconds) });
        this.refuseOnce = null;
        response.end('{"message":"slow down"}');
        return;
      }
      response.writeHead(200, { "Content-Type": "application/json" });
      response.end("{}");
    });
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }
  take() {
    return this.arrivals.splice(0);
  }
  refuse(from, seconds) {
    this.refusedAt = null;
    this.refuseOnce = { from, seconds };
  }
}

async function call(engine, from, connection = "main") {
  const response = await fetch(`${engine.url}/v1/integrations/limited/actions/get`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Junctor-Connection": connection },
    body: JSON.stringify({ from }),
    signal: AbortSignal.timeout(60_000),
  });
  return { status: response.status, text: await response.text() };
}

// Callers on each engine that ask again as soon as they are answered, for this long.
async function load(engines, milliseconds) {
  const end = Date.now() + milliseconds;
  const statuses = {};
  const one = async ([from, engine]) => {
    while (Date.now() < end) {
      const { status } = await call(engine, from);
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (status !== 200) await sleep(50);
    }
  };
  await Promise.all(Object.entries(engines).flatMap((entry) => Array.from({ length: callers }, () => one(entry))));
  return statuses;
}

// The most by which any span of the arrivals passes what the bucket and the batches under way allow.
function excess(arrivals) {
  const times = arrivals.map(({ at }) => at).sort((a, b) => a - b);
  let most = -Infinity;
  let least = Infinity; // of index − rate × time, over the beginnings seen so far
  times.forEach((at, index) => {
    const level = index - (rate * at) / 1000;
    least = Math.min(least, level);
    most = Math.max(most, level - least + 1 - (burst + 2 * batch));
  });
  return most;
}

const countOf = (arrivals, from) => arrivals.filter((one) => one.from === from).length;

async function staysWithinTheBucket(provider, engines) {
  const seconds = 6;
  provider.take();
  const statuses = await load(engines, seconds * 1000);
  const arrivals = provider.take();
  const span = (Math.max(...arrivals.map(({ at }) => at)) - Math.min(...arrivals.map(({ at }) => at))) / 1000;
  check(Object.keys(statuses).join() === "200", `answers: ${JSON.stringify(statuses)}`);
  check(excess(arrivals) <= 0, `${excess(arrivals)} calls too many in some span (${arrivals.length} in ${span.toFixed(1)} s)`);
  const alone = burst + rate * seconds;
  check(arrivals.length < 1.3 * alone, `${arrivals.length} calls are nearly what two limits would allow (${2 * alone})`);
  check(arrivals.length > 0.8 * rate * span, `${arrivals.length} calls in ${span.toFixed(1)} s leave much of the limit unused`);
  for (const from of ["a", "b"])
    check(countOf(arrivals, from) > arrivals.length / 8, `${from} made ${countOf(arrivals, from)} of ${arrivals.length} calls`);
  return `${arrivals.length} calls in ${span.toFixed(1)} s (${countOf(arrivals, "a")} and ${countOf(arrivals, "b")}), ${-excess(arrivals).toFixed(0)} below the bound`;
}

// Both idle: the very next call of the other one waits.
async function pausesTheOther(provider, { a, b }) {
  await sleep(1_200);
  provider.refuse("a", 4);
  const refused = await call(a, "a");
  check(refused.status !== 200 && /429/.test(refused.text), `the refused call: ${refused.status} ${refused.text}`);
  const other = call(b, "b", "other");
  const waiting = await call(b, "b");
  expectStatus(waiting, 200, "the call of the other engine");
  expectStatus(await other, 200, "a call with another connection");
  const arrivals = provider.take();
  const of = (key) => arrivals.find((one) => one.from === "b" && one.key === key).at - provider.refusedAt;
  check(of("key-main") > 3_900, `the other engine called ${of("key-main").toFixed(0)} ms after the 429`);
  check(of("key-other") < 2_000, `another connection waited ${of("key-other").toFixed(0)} ms`);
}

// Both at work: within a second the other one has heard of it.
async function pausesUnderLoad(provider, engines) {
  provider.take();
  const working = load(engines, 7_000);
  await sleep(1_500);
  provider.refuse("b", 4);
  await eventually(() => provider.refusedAt !== null, { within: 5_000, every: 10, what: "a 429" });
  await working;
  const after = provider.take().map((one) => ({ ...one, since: one.at - provider.refusedAt }));
  const late = after.filter(({ since }) => since > 1_500 && since < 3_900);
  check(late.length === 0, `${late.length} calls during the pause, such as ${JSON.stringify(late[0])}`);
  for (const from of ["a", "b"])
    check(after.some((one) => one.from === from && one.since > 3_900), `${from} did not go on after the pause`);
}

async function aKilledOneTakesNoShareAlong(provider, { a, b }) {
  await b.engine.kill();
  await sleep(1_000);
  provider.take();
  await load({ a }, 4_000);
  const arrivals = provider.take();
  check(excess(arrivals) <= 0, `${excess(arrivals)} calls too many in some span`);
  check(arrivals.length > 0.8 * rate * 4, `${arrivals.length} calls in 4 s: the other's share is lost`);
}

await main(async () => {
  const database = (await Postgres.start()).url;
  const provider = await new Provider().open();
  const project = path.join(tempDir("limited"), "limited");
  fs.mkdirSync(project);
  fs.writeFileSync(path.join(project, "integration.yaml"), definition(provider.url));
  const extra = ["--dev-no-auth", "--allow-addresses", "127.0.0.0/8", project];
  const a = await Core.start("shared-limit", { database, extra });
  const b = await Core.start("shared-limit-b", { database, folder: a.folder, extra });
  for (const name of ["main", "other"]) {
    const made = await fetch(`${a.url}/v1/connections`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ integration: "limited", name, vars: { key: `key-${name}` } }),
    });
    check(made.status === 201, `no connection: ${made.status} ${await made.text()}`);
  }
  const seen = await staysWithinTheBucket(provider, { a, b });
  await pausesTheOther(provider, { a, b });
  await pausesUnderLoad(provider, { a, b });
  await aKilledOneTakesNoShareAlong(provider, { a, b });
  await a.stop();
  provider.server.closeAllConnections();
  provider.server.close();
  console.log(`a shared limit of ${rate}/s and ${burst} at once: ${seen}; pauses heard by both; a kill costs nothing`);
});
