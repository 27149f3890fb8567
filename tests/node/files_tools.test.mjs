// Files by the command line and by the plug's API, and the file actions of connectors against stand-ins that answer as
// their providers' pages say.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";

import { Process, binary, check, freePort, main, sourceDir, tempDir } from "./support/processes.mjs";
import { run } from "./support/shop.mjs";

const own = (url) => `slug: own
endpoints: {base_url: "${url}"}
api_defaults: {retry: {attempts: 1}}
actions:
  put:
    params: {doc: {ui_type: file, required: true}, note: {}}
    api: {method: POST, path: /own/put, body_kind: multipart, multipart: {note: {value: =input.note}, doc: {file: doc}}}
  get: {params: {kind: {required: true}}, api: {path: "/own/get/{kind}", response: {kind: file}}}
  turn: {params: {doc: {ui_type: file, required: true}}, api: {method: POST, path: /own/turn, body_kind: file, response: {kind: file}}}
`;

const turned = (bytes) => Buffer.from(bytes).reverse();

class Provider {
  seen = [];
  async open() {
    this.server = http.createServer(async (request, response) => {
      const pieces = [];
      for await (const piece of request) pieces.push(piece);
      const body = Buffer.concat(pieces);
      this.seen.push({ method: request.method, url: request.url, headers: request.headers, body: body.toString("latin1") });
      const json = (status, value) => response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
      const bytes = (value) => response.writeHead(200, { "Content-Type": "image/png" }).end(value);
      const where = request.url.split("?")[0];
      if (where === "/own/put") return json(200, { bytes: body.length });
      if (where === "/own/turn") return bytes(turned(body));
      if (where === "/own/get/picture") return bytes(Buffer.from([0x89, 0x50, 0, 0xff]));
      if (where === "/own/get/cut") return response.writeHead(200, { "Content-Length": 1000 }).write("half", () => response.destroy());
      if (where === "/own/get/none") return json(404, { message: "no such picture" });
      if (where === "/slack/files.getUploadURLExternal") return json(200, { ok: true, upload_url: `${this.url}/upload/v1/ABC?x=1`, file_id: "F1" });
      if (where === "/upload/v1/ABC") return response.writeHead(200, { "Content-Type": "text/plain" }).end(`OK - ${body.length}`);
      if (where === "/slack/files.completeUploadExternal") return json(200, { ok: true, files: [{ id: "F1", title: "t" }] });
      if (where === "/api/upload") return json(201, [{ id: 5, name: "may.png", url: "/uploads/may.png", mime: "image/png" }]);
      return json(404, { error: { name: "NotFoundError", message: "Not Found" } });
    });
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }
}

// The connectors as they are, but that Slack's uploads go to the stand-in.
function project(folder, url) {
  for (const name of ["strapi", "slack"]) fs.cpSync(path.join(sourceDir, "connectors", name), path.join(folder, name), { recursive: true });
  const place = path.join(folder, "slack/integration.yaml");
  const text = fs.readFileSync(place, "utf8");
  const host = "^https://files\\\\.slack\\\\.com/";
  check(text.includes(host), "the address of Slack's uploads is another one");
  fs.writeFileSync(place, text.replace(host, `^${url}/`));
  fs.mkdirSync(path.join(folder, "own"));
  fs.writeFileSync(path.join(folder, "own/integration.yaml"), own(url));
  fs.writeFileSync(path.join(folder, "junctor.yaml"), "integrations: [./strapi, ./slack, ./own]\nsettings: {allow_addresses: 127.0.0.0/8}\n");
}

const postJson = async (url, body) => {
  const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
};

async function connectors(base, provider) {
  const token = "xoxb-canary-1";
  for (const [integration, vars] of [["strapi", { base_url: provider.url, token }], ["slack", { base_url: `${provider.url}/slack`, token }]]) {
    const made = await postJson(`${base}/v1/connections`, { integration, name: "main", vars });
    check(made.status === 201, JSON.stringify(made));
  }
  const content = "\x89PNG bytes";
  const form = new FormData();
  form.append("input", JSON.stringify({ info: { caption: "May" }, ref: "api::article.article", ref_id: "7", field: "cover" }));
  form.append("file", new Blob([Buffer.from(content, "latin1")], { type: "image/png" }), "may.png");
  const strapi = await fetch(`${base}/v1/integrations/strapi/actions/upload_file`, { method: "POST", headers: { "Junctor-Connection": "main" }, body: form });
  const files = await strapi.json();
  check(strapi.status === 200 && files[0].id === 5, JSON.stringify(files));
  const sent = provider.seen.at(-1);
  check(sent.headers.authorization === `Bearer ${token}` && sent.body.includes(`name="files"; filename="may.png"\r\nContent-Type: image/png\r\n\r\n${content}\r\n`) &&
    sent.body.includes('name="fileInfo"\r\n\r\n{"caption":"May"}\r\n') && sent.body.includes('name="refId"\r\n\r\n7\r\n'), JSON.stringify(sent));

  const slack = (action, input) => postJson(`${base}/v1/integrations/slack/actions/${action}`, input);
  const started = await slack("start_upload", { filename: "may.png", length: content.length });
  check(started.body.file_id === "F1", JSON.stringify(started));
  const up = await fetch(`${base}/v1/integrations/slack/actions/send_file?upload_url=${encodeURIComponent(started.body.upload_url)}`,
    { method: "POST", headers: { "Content-Type": "image/png" }, body: Buffer.from(content, "latin1") });
  check(up.status === 200, await up.text());
  const bytes = provider.seen.at(-1);
  check(bytes.url === "/upload/v1/ABC?x=1" && bytes.body === content && bytes.headers["content-type"] === "image/png" &&
    Number(bytes.headers["content-length"]) === content.length && !bytes.headers.authorization, JSON.stringify(bytes));
  const elsewhere = await fetch(`${base}/v1/integrations/slack/actions/send_file?upload_url=https://evil.example/`,
    { method: "POST", headers: { "Content-Type": "image/png" }, body: content });
  check(elsewhere.status === 422, `an address of somebody else: ${elsewhere.status}`);
  const shared = await slack("complete_upload", { files: [{ id: "F1", title: "t" }], channel_id: "C1" });
  check(shared.body[0]?.id === "F1", JSON.stringify(shared));
}

function ended(what, result, status, ...words) {
  const all = result.stdout + result.stderr;
  check(result.status === status, `${what}: exit code ${result.status}, expected ${status}: ${all}`);
  for (const word of words) check(all.includes(word), `${what}: "${all}" lacks "${word}"`);
}

async function byCommandLine(base, provider, folder) {
  const place = path.join(folder, "own");
  const call = (...args) => run([binary("junctor"), "plug", "call", place, ...args, "--server", base]);
  const out = path.join(folder, "out");
  fs.mkdirSync(out);
  const file = path.join(folder, "a name.txt");
  fs.writeFileSync(file, "the content");
  ended("a file", await call("put", "--file", `doc=${file}`, "--input", '{"note": "n"}'), 0, '"bytes":');
  check(provider.seen.at(-1).body.includes('name="doc"; filename="a name.txt"') && provider.seen.at(-1).body.includes("the content") &&
    provider.seen.at(-1).body.includes('name="note"\r\n\r\nn\r\n'), provider.seen.at(-1).body);
  ended("no file", await call("put"), 1, "doc: found no file", "--file doc=PATH");
  ended("an unknown file", await call("put", "--file", `dco=${file}`, "--file", `doc=${file}`), 1, "dco: found a file of this name, expected one of its files: doc");
  ended("an unknown file alone", await call("put", "--file", `dco=${file}`), 1, "dco: found a file of this name, expected one of its files: doc");
  ended("a text for a file", await call("put", "--input", '{"doc": "x"}'), 1, "doc: found a member of the input");
  ended("no path", await call("put", "--file", "doc="), 1, "--file doc= names no file; it takes NAME=PATH");
  ended("a file that is not there", await call("put", "--file", `doc=${folder}/nowhere`), 1, "nowhere cannot be read");
  ended("a folder", await call("put", "--file", `doc=${folder}`), 1, "is no file");
  ended("no name", await call("put", "--file", file), 1, "NAME=PATH");

  const told = await run([binary("junctor"), "plug", "info", place]);
  const put = JSON.parse(told.stdout).actions.find((one) => one.slug === "put");
  check(JSON.stringify(put.files) === '[{"name":"doc","required":true}]' && !put.gives_file && JSON.stringify(Object.keys(put.input.properties)) === '["note"]', told.stdout);

  const kept = path.join(out, "picture.png");
  const get = (kind, ...more) => call("get", "--input", `{"kind": "${kind}"}`, ...more);
  ended("a download", await get("picture", "--output", kept), 0, "4 bytes, image/png, run ");
  check(fs.readFileSync(kept).equals(Buffer.from([0x89, 0x50, 0, 0xff])) && (fs.statSync(kept).mode & 0o600) === 0o600, "what was kept");
  const count = provider.seen.length;
  ended("a file that exists", await get("picture", "--output", kept), 1, "exists already", "--replace");
  check(provider.seen.length === count, "it was called all the same");
  fs.writeFileSync(kept, "older");
  fs.chmodSync(kept, 0o600);
  const link = path.join(out, "link.png");
  fs.symlinkSync(kept, link);
  ended("one to be replaced", await get("picture", "--output", link, "--replace"), 0, "4 bytes");
  check(fs.readFileSync(kept).length === 4, "it was not replaced");
  check(fs.lstatSync(link).isSymbolicLink() && (fs.statSync(kept).mode & 0o777) === 0o600, "the link, or who may read the file, changed");
  const pipe = path.join(out, "pipe");
  spawnSync("mkfifo", [pipe]);
  for (const place of [pipe, "/dev/null", out])
    ended(place, await get("picture", "--output", place, "--replace"), 1, "no file that can be replaced");
  check(fs.statSync(pipe).isFIFO(), "the pipe was replaced");
  for (const place of [pipe, link]) fs.unlinkSync(place);
  const printed = await call("turn", "--file", `doc=${file}`, "--output", "-");
  check(printed.status === 0 && printed.stdout === turned("the content").toString(), JSON.stringify(printed));
  ended("one that breaks", await get("cut", "--output", path.join(out, "cut")), 1);
  ended("one that is none", await get("none", "--output", path.join(out, "none")), 1, "no such picture");
  ended("an action that gives none", await call("put", "--file", `doc=${file}`, "--output", path.join(out, "put")), 1, "gives no file");
  ended("nowhere to put it", await get("picture", "--output", path.join(out, "no/where")), 1, "cannot be written");
  check(JSON.stringify(fs.readdirSync(out)) === '["picture.png"]', `left in the folder: ${fs.readdirSync(out)}`);
}

async function byPlug(base, provider) {
  const plug = async (parts) => {
    const form = new FormData();
    for (const [name, value, filename] of parts) filename === undefined ? form.append(name, value) : form.append(name, value, filename);
    const response = await fetch(`${base}/v1/integrations/own/plug`, { method: "POST", body: form });
    return { status: response.status, body: await response.json() };
  };
  const doc = ["doc", new Blob(["by the plug"]), "p.txt"];
  const done = await plug([["question", '{"action": "put", "input": {"note": "x"}}'], doc]);
  check(done.status === 200 && done.body.output.bytes > 0 && provider.seen.at(-1).body.includes("by the plug"), JSON.stringify(done));
  const told = await (await fetch(`${base}/v1/runs/${done.body.run}`)).json();
  check(told.input.doc === "p.txt" && !JSON.stringify(told).includes("by the plug"), JSON.stringify(told));
  const got = await plug([["question", '{"action": "get", "input": {"kind": "picture"}}']]);
  check(got.body.output.base64 === "iVAA/w==", JSON.stringify(got));
  const kept = await (await fetch(`${base}/v1/runs/${got.body.run}`)).json();
  check(kept.output.bytes === 4 && !kept.output.base64, JSON.stringify(kept));
  for (const wrong of [[doc], [["question", '{"path": "/own/put"}'], doc], [["question", '{"action": "put"}'], ["note", "x"]]])
    check((await plug(wrong)).status === 400, JSON.stringify(wrong));
  const described = await (await fetch(`${base}/v1/integrations/own`)).json();
  const files = Object.fromEntries(described.actions.map((one) => [one.slug, [one.files, one.gives_file]]));
  check(JSON.stringify(files) === JSON.stringify({ put: [[{ name: "doc", required: true }], false], get: [[], true], turn: [[{ name: "doc", required: true }], true] }), JSON.stringify(files));
}

await main(async () => {
  const provider = await new Provider().open();
  const folder = tempDir("files-tools");
  project(folder, provider.url);
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const engine = new Process(binary("junctor"), ["serve", folder, "--port", port, "--dev-no-auth", "--data-dir", path.join(folder, "data")]);
  await engine.ready(`${base}/readyz`);
  await connectors(base, provider);
  await byCommandLine(base, provider, folder);
  await byPlug(base, provider);
  const { code } = await engine.stop();
  check(code === 0, `the engine ended with ${code}`);
  provider.server.closeAllConnections?.();
  provider.server.close();
});
