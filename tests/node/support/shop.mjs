// A small provider, a definition of it, and an engine that serves the definition.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { spawn } from "node:child_process";

import { Process, binary, freePort, tempDir } from "./processes.mjs";

export const rightKey = "sk-right-4711";

const definition = (url) => `slug: shop
endpoints: {base_url: "${url}"}
auth: {type: api_key, api_key: {name: X-Key, value: "=vars.key"}}
vars:
  key: {type: password, label: Key, help: "from the settings page", order: 1}
  plan: {type: select, label: Plan, order: 3, required: false, default: small, options: [{value: small, label: Small}, {value: 2, label: Two}]}
  seats: {type: number, order: 4, visible_when: {field: plan, equals: 2}}
  region: {type: select, order: 2, options_from: {action: list_regions}}
  folder: {type: select, when: after_auth, options_from: {action: list_folders, map: "folders.{'value': id, 'label': title}"}}
api_defaults: {retry: {attempts: 1}}
schemas:
  order: {schema: {type: object, required: [id, total], properties: {id: {type: integer}, total: {type: number}}}}
actions:
  health: {api: {path: /me}}
  list_regions: {api: {path: /regions, anonymous: true}}
  list_folders: {api: {path: /folders}}
  repeat: {api: {path: /repeat, redact: {body: [/pin]}}}
  get_order: {params: {id: {required: true, ui_type: integer}}, api: {path: "/orders/{id}"}, output: order}
`;

// What it answers may be replaced; what it saw is kept.
export class Shop {
  seen = [];
  answer(request) {
    if (request.url.startsWith("/v1/")) return [200, { greeting: "this is no engine" }];
    if (request.url === "/regions") return [200, ["eu", "us"]];
    if (request.headers["x-key"] !== rightKey)
      return [401, { code: "bad_key", message: `the key ${request.headers["x-key"]} is unknown` }];
    if (request.url === "/folders") return [200, { folders: [{ id: 7, title: "Inbox" }, { id: 8, title: "Other" }] }];
    if (request.url.startsWith("/orders/")) {
      const id = parseInt(request.url.split("/")[2], 10);
      if (Number.isNaN(id)) return [200, Buffer.from("no JSON"), "text/plain"];
      if (id === 404) return [404, { code: "no_order", message: "there is no such order" }];
      return [200, { id, total: 9.5, note: "as a gift", lines: [{ sku: "a" }] }];
    }
    if (request.url === "/repeat") return [200, { key: `sent ${request.headers["x-key"]}`, pin: "pin-4321" }];
    if (request.url === "/bytes") return [200, Buffer.from([0xff, 0xfe, 0]), "application/octet-stream"];
    if (request.url.startsWith("/echo")) return [207, { headers: request.headers, method: request.method, url: request.url }];
    return [200, { name: "somebody" }];
  }

  async open() {
    this.server = http.createServer((request, response) => {
      let body = "";
      request.on("data", (bytes) => (body += bytes));
      request.on("end", () => {
        this.seen.push({ method: request.method, url: request.url, headers: request.headers, body });
        const [status, content, type = "application/json"] = this.answer(request);
        response.writeHead(status, { "Content-Type": type });
        response.end(Buffer.isBuffer(content) ? content : JSON.stringify(content));
      });
    });
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    this.folder = tempDir("shop");
    this.project = path.join(this.folder, "project");
    this.place = path.join(this.project, "shop");
    fs.mkdirSync(this.place, { recursive: true });
    fs.writeFileSync(path.join(this.place, "integration.yaml"), definition(this.url));
    fs.writeFileSync(path.join(this.project, "junctor.yaml"),
      `integrations: [./shop]\nsettings: {allow_addresses: 127.0.0.0/8, data_dir: ${this.folder}/data}\n`);
    return this;
  }
  async close() {
    this.server.closeAllConnections?.();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async serve() {
    const port = await freePort();
    this.engineUrl = `http://127.0.0.1:${port}`;
    this.engine = new Process(binary("junctor"), ["serve", "--port", port, "--dev-no-auth", this.project]);
    await this.engine.ready(`${this.engineUrl}/readyz`);
  }

  // A command of the engine's, beside it: {status, stdout, stderr}.
  junctor(args, { input = "", wrap } = {}) {
    return run(wrap ? wrap(binary("junctor"), args) : [binary("junctor"), ...args], input);
  }

  async api(method, where, body) {
    const response = await fetch(this.engineUrl + where, {
      method, headers: { "Content-Type": "application/json" }, body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : null, text };
  }
}

export function run([command, ...args], input = "") {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (bytes) => (stdout += bytes));
    child.stderr.on("data", (bytes) => (stderr += bytes));
    const timer = setTimeout(() => child.kill("SIGKILL"), 30_000);
    child.on("close", (status) => {
      clearTimeout(timer);
      resolve({ status, stdout, stderr });
    });
    child.stdin.on("error", () => {}); // a command may end before it has read anything
    if (typeof input === "function") input(child);
    else child.stdin.end(input);
  });
}
