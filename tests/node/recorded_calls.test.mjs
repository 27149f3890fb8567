// What the API tells of the calls that went out: hops of redirects, files of calls that failed, the plug's runs, and the
// run in every answer.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";

import { Process, binary, check, eventually, freePort, main, tempDir } from "./support/processes.mjs";

const key = "canary-key-5511";
const definition = (url) => `slug: shop
endpoints: {base_url: "${url}"}
api_defaults: {retry: {wait: 1ms}}
auth: {type: api_key, api_key: {in: header, name: X-Shop-Key, value: "{vars.key}"}}
vars:
  key: {type: password, required: true}
  colour: {type: select, required: false, options_from: {action: colours, map: "rows"}}
actions:
  moved: {params: {who: {}}, api: {method: POST, path: /moved}}
  astray: {api: {path: /astray, retry: {attempts: 1}}}
  colours: {method: GET, api: {path: /colours, anonymous: true}}
  refuse: {params: {doc: {ui_type: file, required: true}}, api: {method: POST, path: /refuse, body_kind: file}}
  swallow: {params: {doc: {ui_type: file, required: true}}, api: {method: POST, path: /swallow, body_kind: file}}
  wrong: {params: {n: {ui_type: integer, required: true}}, api: {path: /colours}}
  endless: {api: {path: /endless, response: {kind: file}}}
  slow: {params: {doc: {ui_type: file, required: true}}, api: {method: POST, path: /slow, body_kind: file}}
  sent_on: {params: {doc: {ui_type: file, required: true}}, api: {method: POST, path: /sent_on, body_kind: multipart, multipart: {doc: {file: doc}}}}
  short: {api: {path: /short, response: {kind: file}}}
`;

async function listen(serve) {
  const server = http.createServer(serve);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${server.address().port}` };
}

async function providers() {
  const away = await listen((request, response) => response.end('{"arrived": true}'));
  const shop = await listen(async (request, response) => {
    const to = (status, location) => response.writeHead(status, { Location: location }).end("this way");
    if (request.url === "/moved") return to(307, "/there?token=canary-token-77");
    if (request.url.startsWith("/there")) return to(303, `${away.url}/end`);
    if (request.url === "/astray") return to(302, "http://127.0.0.1:1/nobody");
    if (request.url === "/colours") return response.setHeader("Content-Type", "application/json").end('{"rows": ["red", "blue"]}');
    if (request.url === "/endless") {
      const timer = setInterval(() => response.write(Buffer.alloc(100_000)), 5);
      return response.on("close", () => clearInterval(timer));
    }
    if (request.url.startsWith("/sent_on")) {
      let body = "";
      for await (const piece of request) body += piece;
      if (request.url === "/sent_on") return to(307, "/sent_on/there");
      return response.setHeader("Content-Type", "application/json").end(JSON.stringify({ whole: body.includes(`\r\n\r\n${"y".repeat(90_000)}\r\n--`) }));
    }
    if (request.url === "/short") return response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": 5 }).end("short");
    if (request.url === "/slow") {
      for await (const piece of request) void piece;
      return setTimeout(() => response.setHeader("Content-Type", "application/json").end("{}"), 300);
    }
    let got = 0;
    for await (const piece of request) if ((got += piece.length) > 100_000 && request.url === "/swallow") return request.socket.destroy();
    response.writeHead(422, { "Content-Type": "application/json" }).end('{"message": "no"}');
  });
  return { away, shop };
}

class Engine {
  static async start(folder) {
    const out = new Engine();
    const port = await freePort();
    out.base = `http://127.0.0.1:${port}`;
    out.process = new Process(binary("junctor"), ["serve", path.join(folder, "shop"), "--port", port, "--dev-no-auth", "--allow-addresses", "127.0.0.0/8",
      "--data-dir", path.join(folder, "data")]);
    await out.process.ready(`${out.base}/readyz`);
    return out;
  }
  async send(method, place, body, type = "application/json") {
    const response = await fetch(this.base + place, { method, body, ...(body ? { headers: { "Content-Type": type } } : {}) });
    const text = await response.text();
    return { status: response.status, run: response.headers.get("Junctor-Run"), type: response.headers.get("Content-Type"), text, body: text ? JSON.parse(text) : null };
  }
  call(action, input = {}) {
    return this.send("POST", `/v1/integrations/shop/actions/${action}`, JSON.stringify(input));
  }
  upload(action, bytes) {
    return this.send("POST", `/v1/integrations/shop/actions/${action}`, Buffer.alloc(bytes, "x"), "a/b");
  }
  async run(id) {
    return (await this.send("GET", `/v1/runs/${id}`)).body;
  }
  async calls(id) {
    const told = await this.send("GET", `/v1/runs/${id}/calls`);
    check(!told.text.includes("canary"), `a secret is recorded: ${told.text}`);
    return told.body.calls;
  }
}

const names = (call) => call.request.headers.map(([name]) => name);

async function redirects(engine, away) {
  const answer = await engine.call("moved", { who: "me" });
  check(answer.status === 200 && answer.body.arrived, answer.text);
  const calls = await engine.calls(answer.run);
  check(calls.map((one) => `${one.method} ${one.status}`).join() === "POST 307,POST 303,GET 200", JSON.stringify(calls));
  for (const call of calls)
    check(call.total_us > 0 && call.first_byte_us > 0 && call.total_us >= call.first_byte_us && call.response.bytes > 0, `times and sizes: ${JSON.stringify(call)}`);
  for (const call of calls.slice(0, 2))
    check(call.request.body === '{"who":"me"}' && call.request.bytes === 12 && names(call).includes("X-Shop-Key"), `a body sent again: ${JSON.stringify(call)}`);
  const [, , end] = calls;
  check(end.url === `${away.url}/end` && end.request.bytes === 0 && !end.request.body, JSON.stringify(end));
  check(names(end).length > 0 && !names(end).includes("X-Shop-Key") && !names(end).includes("Content-Type"), `what went to another host: ${names(end)}`);

  const lost = await engine.call("astray");
  check(lost.status === 503 && lost.run, `${lost.status} ${lost.text}`);
  const [hop, nobody] = await engine.calls(lost.run);
  check(hop.status === 302 && !hop.failure && nobody.status === null && nobody.url.includes("/nobody") && nobody.failure, JSON.stringify([hop, nobody]));
}

async function failedUploads(engine) {
  const refused = await engine.upload("refuse", 50_000);
  check(refused.status === 400 && refused.type === "application/problem+json" && refused.run, `${refused.status} ${refused.text}`);
  const one = await engine.run(refused.run);
  check(one.status === "failed" && one.counters.uploaded_bytes === 50_000, JSON.stringify(one));
  const cut = await engine.upload("swallow", 64 * 1024 * 1024);
  check(cut.status === 503 && cut.run, `${cut.status} ${cut.text}`);
  const other = await engine.run(cut.run);
  check(other.counters.uploaded_bytes > 100_000 && other.counters.uploaded_bytes < 64 * 1024 * 1024, JSON.stringify(other));
  const [call] = await engine.calls(cut.run);
  check(call.request.bytes > 100_000 && call.request.bytes <= other.counters.uploaded_bytes, `what was sent: ${JSON.stringify(call)}`);
}

// Not the time of the first byte that went up.
async function theFirstByteOfAnAnswer(engine) {
  const { run, status, text } = await engine.upload("slow", 50_000);
  check(status === 200, text);
  const [call] = await engine.calls(run);
  check(call.first_byte_us >= 290_000 && call.total_us >= call.first_byte_us, JSON.stringify(call));
}

// A redirect that has a file sent again: from its start, and counted once.
async function filesThatAreSentOn(engine) {
  const form = new FormData();
  form.append("doc", new Blob(["y".repeat(90_000)]), "a.bin");
  const response = await fetch(`${engine.base}/v1/integrations/shop/actions/sent_on`, { method: "POST", body: form });
  const text = await response.text();
  check(response.status === 200 && JSON.parse(text).whole, `${response.status} ${text}`);
  const run = await engine.run(response.headers.get("Junctor-Run"));
  check(run.counters.uploaded_bytes === 90_000, JSON.stringify(run));
  const calls = await engine.calls(run.id);
  check(calls.map((one) => `${one.method} ${one.status}`).join() === "POST 307,POST 200" && calls.every((one) => one.request.bytes > 90_000), JSON.stringify(calls));
}

// Who has read a file, whose length says where it ends, finds its run.
async function runsOfFiles(engine) {
  for (let i = 0; i < 50; ++i) {
    const response = await fetch(`${engine.base}/v1/integrations/shop/actions/short`, { method: "POST" });
    check((await response.text()) === "short", "a file under its length");
    const told = await engine.send("GET", `/v1/runs/${response.headers.get("Junctor-Run")}/calls`);
    check(told.status === 200 && told.body.calls.length === 1, `the calls of file ${i}: ${told.status} ${told.text}`);
  }
}

async function problemsNameTheirRun(engine) {
  const wrong = await engine.call("wrong", {});
  check(wrong.status === 422 && wrong.run && (await engine.run(wrong.run)).status === "failed", `${wrong.status} ${wrong.text}`);
  const unread = await engine.send("POST", "/v1/integrations/shop/actions/wrong", "{");
  check(unread.status === 400 && unread.run === null, "an answer without a run names one");
}

async function optionsAreARun(engine) {
  const told = await engine.send("POST", "/v1/integrations/shop/vars/colour/options", JSON.stringify({ vars: { key } }));
  check(told.status === 200 && told.body.items.length === 2, told.text);
  const { body } = await engine.send("GET", "/v1/runs?subject=colours");
  const run = body.runs.find((one) => one.trigger === "options");
  check(run?.status === "completed", JSON.stringify(body));
  const [call] = await engine.calls(run.id);
  check(call.url.endsWith("/colours") && call.status === 200, JSON.stringify(call));
}

async function plugged(engine) {
  const form = new FormData();
  form.append("question", JSON.stringify({ action: "refuse" }));
  form.append("doc", new Blob(["x".repeat(30_000)]), "a.bin");
  const told = await (await fetch(`${engine.base}/v1/integrations/shop/plug`, { method: "POST", body: form })).json();
  check(told.failure && told.run, JSON.stringify(told));
  const run = await engine.run(told.run);
  check(run.counters.uploaded_bytes === 30_000, JSON.stringify(run));
}

async function theCallerLeaves(engine) {
  const response = await new Promise((resolve) => http.get(`${engine.base}/v1/integrations/shop/actions/endless`, { method: "POST", agent: false }, resolve));
  await new Promise((resolve) => response.once("data", resolve));
  response.destroy();
  const run = await eventually(async () => {
    const one = await engine.run(response.headers["junctor-run"]);
    return one.id && one;
  }, { what: "its run" });
  check(run.status === "cancelled" && run.error.kind === "cancelled", JSON.stringify(run));
}

await main(async () => {
  const folder = tempDir("recorded");
  const { away, shop } = await providers();
  fs.mkdirSync(path.join(folder, "shop"));
  fs.writeFileSync(path.join(folder, "shop/integration.yaml"), definition(shop.url));
  const engine = await Engine.start(folder);
  const made = await engine.send("POST", "/v1/connections", JSON.stringify({ integration: "shop", name: "main", vars: { key } }));
  check(made.status === 201, made.text);
  await redirects(engine, away);
  await failedUploads(engine);
  await theFirstByteOfAnAnswer(engine);
  await filesThatAreSentOn(engine);
  await runsOfFiles(engine);
  await problemsNameTheirRun(engine);
  await optionsAreARun(engine);
  await plugged(engine);
  await theCallerLeaves(engine);
  const { code } = await engine.process.stop();
  check(code === 0, `the engine ended with ${code}`);
  for (const { server } of [away, shop]) {
    server.closeAllConnections();
    server.close();
  }
});
