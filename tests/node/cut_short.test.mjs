// Listings that a bound cut short, and waits for a provider's pause: what a caller of the API is told.
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";

import { Process, binary, check, eventually, freePort, main, sleep, tempDir } from "./support/processes.mjs";
import { run } from "./support/shop.mjs";

const definition = (url) => `slug: list
endpoints: {base_url: "${url}"}
collections: {rows: {}}
actions:
  all: {api: {path: /rows, pagination: {kind: page, param: page, items: rows}}}
  part: {api: {path: /rows, pagination: {kind: page, param: page, items: rows, max_pages: 2}}}
  some: {memoize: 1h, api: {path: /rows, pagination: {kind: page, param: page, items: rows, max_items: 3}}}
  pausing: {params: {name: {}}, api: {method: POST, path: /pausing}}
flows:
  copy: {source: {action: part}, identity: {id: id}, target: {collection: rows, missing: delete}}
`;

// Five rows, one on a page; what is posted is kept, and answered with the pause that is set.
class Provider {
  posted = [];
  pause = 0;
  async open() {
    this.server = http.createServer((request, response) => {
      let body = "";
      request.on("data", (bytes) => (body += bytes));
      request.on("end", () => {
        const page = Number(new URL(request.url, "http://x").searchParams.get("page") ?? 1);
        if (request.method === "POST") this.posted.push(JSON.parse(body).name);
        const pause = this.pause > 0 ? { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": String(this.pause) } : {};
        response.writeHead(200, { "Content-Type": "application/json", ...pause });
        response.end(JSON.stringify({ rows: page <= 5 ? [{ id: String(page) }] : [] }));
      });
    });
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }
}

// Sends a request, ends its side of the connection, and gives all that comes back.
function halfClosed(engine, where, body, { leave } = {}) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port: new URL(engine).port, host: "127.0.0.1", allowHalfOpen: true });
    let text = "";
    socket.on("data", (bytes) => (text += bytes));
    socket.on("end", () => resolve(text));
    socket.on("error", reject);
    socket.write(`POST ${where} HTTP/1.1\r\nHost: ${new URL(engine).host}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    if (leave) setTimeout(() => resolve(socket.destroy()), 300);
    else setTimeout(() => socket.end(), 300);
  });
}

async function marks(engine, place) {
  const call = (action) => fetch(`${engine}/v1/integrations/list/actions/${action}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
  const all = await call("all");
  check(all.status === 200 && (await all.json()).length === 5 && !all.headers.has("Junctor-Cut-Short"), "a whole listing");
  const part = await call("part");
  check((await part.json()).length === 2 && part.headers.get("Junctor-Cut-Short") === "pages", "a listing cut by pages");
  for (let i = 0; i < 2; ++i) {
    const some = await call("some");
    check((await some.json()).length === 3 && some.headers.get("Junctor-Cut-Short") === "items", "a memoised listing cut by items");
  }
  const text = await (await fetch(`${engine}/v1/runs/${part.headers.get("Junctor-Run")}`)).text();
  check(text.includes('"cut_short":1') && text.includes("was cut short by max_pages"), `its run: ${text}`);
  const plug = await run([binary("junctor"), "plug", "call", place, "part", "--server", engine]);
  check(plug.status === 0 && plug.stderr.includes("cut short by max_pages"), `plug: ${plug.stdout}${plug.stderr}`);
}

async function flow(engine) {
  const started = await (await fetch(`${engine}/v1/integrations/list/flows/copy/runs`, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" })).json();
  const ended = await eventually(async () => {
    const one = await (await fetch(`${engine}/v1/runs/${started.run ?? started.id}`)).json();
    return ["partial", "completed", "failed"].includes(one.status) && one;
  }, { what: "the flow's end" });
  check(ended.status === "partial" && ended.counters.cut_short === 1 && ended.counters.deleted === undefined, JSON.stringify(ended));
}

async function pauses(engine, provider) {
  const where = "/v1/integrations/list/actions/pausing";
  const call = (name) => fetch(engine + where, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ name }) });
  provider.pause = 4;
  await call("first");
  provider.pause = 0;
  await halfClosed(engine, where, '{"name":"left"}', { leave: true });
  const told = await halfClosed(engine, where, '{"name":"half"}');
  check(told.startsWith("HTTP/1.1 429") && told.toLowerCase().includes("retry-after:"), `a half-closed client is told: ${told}`);
  await sleep(4500);
  const whole = await halfClosed(engine, where, '{"name":"half again"}');
  check(whole.startsWith("HTTP/1.1 200"), `a half-closed client that need not wait: ${whole}`);
  provider.pause = 3600;
  await call("long");
  const began = Date.now();
  const refused = await call("never");
  check(refused.status === 429 && Number(refused.headers.get("Retry-After")) > 3000 && Date.now() - began < 5000, `a long pause: ${refused.status}`);
  check(JSON.stringify(provider.posted) === '["first","half again","long"]', `what was sent: ${provider.posted}`);
}

main(async () => {
  const provider = await new Provider().open();
  const folder = tempDir("cut_short");
  const place = path.join(folder, "list");
  fs.mkdirSync(place);
  fs.writeFileSync(path.join(place, "integration.yaml"), definition(provider.url));
  const port = await freePort();
  const engine = `http://127.0.0.1:${port}`;
  new Process(binary("junctor"), ["serve", place, "--port", port, "--dev-no-auth", "--allow-addresses", "127.0.0.0/8", "--data-dir", path.join(folder, "data")]);
  await eventually(async () => (await fetch(`${engine}/readyz`)).ok, { what: "the engine" });
  await marks(engine, place);
  await flow(engine);
  await pauses(engine, provider);
  provider.server.closeAllConnections?.();
  provider.server.close();
});
