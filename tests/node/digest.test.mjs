// A provider with digest authentication that never changes its nonce and takes every count once: the engine is let
// in again after a restart and after a change of the connection, and a wrong password is asked about only once more.
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";

import { Process, binary, check, freePort, main, tempDir } from "./support/processes.mjs";

const hash = (text) => crypto.createHash("sha256").update(text).digest("hex");

class Device {
  requests = 0;
  #count = 0;
  #a1 = hash("ann:device:open sesame");

  async listen() {
    const server = http.createServer((request, response) => {
      this.requests += 1;
      if (this.#letsIn(request)) return response.writeHead(200, { "Content-Type": "application/json" }).end('{"in":true}');
      response.writeHead(401, { "WWW-Authenticate": 'Digest realm="device", nonce="for-ever", algorithm=SHA-256, qop="auth"' }).end();
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${server.address().port}`;
    return this;
  }

  #letsIn(request) {
    const given = Object.fromEntries([...(request.headers.authorization ?? "").matchAll(/(\w+)="?([^",]*)"?/g)].map((one) => [one[1], one[2]]));
    const whole = [this.#a1, "for-ever", given.nc, given.cnonce, "auth", hash(`${request.method}:${request.url}`)].join(":");
    const count = parseInt(given.nc ?? "0", 16);
    if (given.response !== hash(whole) || given.uri !== request.url || count <= this.#count) return false;
    this.#count = count;
    return true;
  }
}

await main(async () => {
  const device = await new Device().listen();
  const folder = tempDir("digest");
  const project = path.join(folder, "project");
  fs.mkdirSync(project);
  fs.writeFileSync(path.join(project, "integration.yaml"), `
slug: device
endpoints: {base_url: "${device.url}"}
auth: [{type: digest}]
vars: {username: {}, password: {type: password}}
actions:
  get: {api: {method: GET, path: /state, retry: {attempts: 1}}}
  set: {params: {on: {}}, api: {method: POST, path: /state}}
`);
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const start = async () => {
    const engine = new Process(binary("junctor"), ["serve", "--port", String(port), "--dev-no-auth", "--threads", "1",
      "--allow-addresses", "127.0.0.0/8", "--data-dir", path.join(folder, "data"), project]);
    await engine.ready(`${base}/readyz`);
    return engine;
  };
  const send = async (method, place, body, headers = {}) => {
    const response = await fetch(base + place, { method, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  };
  const connect = async (name, password) => {
    const made = await send("POST", "/v1/connections", { integration: "device", name, vars: { username: "ann", password } });
    check(made.status === 201, `the connection ${name}: ${JSON.stringify(made.body)}`);
    return made.body.id;
  };
  const call = async (name, action = "get", input = {}) => {
    const before = device.requests;
    const answer = await send("POST", `/v1/integrations/device/actions/${action}`, input, { "Junctor-Connection": name });
    return { ...answer, requests: device.requests - before };
  };
  const expectIn = (what, answer, requests) =>
    check(answer.status === 200 && answer.body.in === true && answer.requests === requests, `${what}: ${JSON.stringify(answer)}`);

  let engine = await start();
  const id = await connect("good", "open sesame");
  expectIn("the first call", await call("good"), 2);
  expectIn("the second", await call("good", "set", { on: "yes" }), 1);
  await engine.stop();
  engine = await start();
  expectIn("after a restart", await call("good", "set", { on: "no" }), 3);
  expectIn("the next", await call("good"), 1);
  const changed = await send("PATCH", `/v1/connections/${id}`, { name: "renamed" });
  check(changed.status === 200, `the change: ${JSON.stringify(changed)}`);
  expectIn("after a change of the connection", await call("renamed"), 1);

  await connect("wrong", "guess");
  for (const requests of [3, 1, 1]) {
    const wrong = await call("wrong");
    check(wrong.status >= 400 && wrong.requests === requests, `a wrong password: ${JSON.stringify(wrong)}`);
  }
  await engine.stop();
});
