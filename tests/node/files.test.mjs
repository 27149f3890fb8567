// Files through the engine, in both directions, without the files in its memory.
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";

import { Process, binary, check, eventually, freePort, main, sleep, tempDir } from "./support/processes.mjs";

const mebi = 1024 * 1024;
const bigBytes = 256 * mebi;
const mostGrowth = 48 * mebi;

const definition = (url) => `slug: files
endpoints: {base_url: "${url}"}
api_defaults: {retry: {wait: 1ms}}
actions:
  raw:
    params: {doc: {ui_type: file, required: true}, note: {to: query}, count: {to: query, ui_type: integer}}
    api: {method: POST, path: /raw, body_kind: file, timeouts: {total: 10m}}
  form:
    path: /files/form
    params: {title: {}, doc: {ui_type: file, required: true}, extra: {ui_type: file}}
    api: {method: POST, path: /form, body_kind: multipart, timeouts: {total: 10m}, multipart: {title: {value: =input.title}, upload: {file: doc}, more: {file: extra}}}
  big_form:
    params: {doc: {ui_type: file, required: true}}
    api: {method: POST, path: /big-form, body_kind: multipart, timeouts: {total: 10m}, multipart: {upload: {file: doc}}}
  flaky:
    params: {doc: {ui_type: file, required: true}}
    api: {method: PUT, path: /flaky, body_kind: file}
  plain: {params: {a: {}}, api: {method: POST, path: /plain}}
  stall: {params: {a: {}}, api: {method: POST, path: /stall}}
  down:
    method: GET
    path: /files/down/{kind}
    params: {kind: {required: true}}
    api: {path: "/down/{kind}", expect: [200], timeouts: {total: 10m}, response: {kind: file}, errors: [{when: ok = false, kind: conflict, message: why}]}
`;

// Bytes that do not repeat from mebibyte to mebibyte.
const seed = crypto.randomBytes(mebi);
function block(number) {
  const out = Buffer.from(seed);
  out.writeUInt32BE(number, 0);
  return out;
}
function digestOf(bytes) {
  const hash = crypto.createHash("sha256");
  for (let i = 0; i < bytes / mebi; ++i) hash.update(block(i));
  return hash.digest("hex");
}
const sha = (bytes) => crypto.createHash("sha256").update(bytes).digest("hex");

// Waits until a stream takes more, or is closed.
const roomIn = (stream) => new Promise((resolve) => {
  const done = () => {
    stream.off("drain", done).off("close", done);
    resolve();
  };
  stream.once("drain", done).once("close", done);
});

// Writes the blocks as fast as the other side takes them; false when it went away.
async function sendBlocks(stream, bytes) {
  for (let i = 0; i < bytes / mebi; ++i) {
    if (stream.destroyed) return false;
    if (!stream.write(block(i))) await roomIn(stream);
  }
  return !stream.destroyed;
}

class Provider {
  seen = [];
  sent = 0;
  tries = 0;
  asked = 0;
  async open() {
    this.server = http.createServer((request, response) => this.serve(request, response).catch(() => response.destroy()));
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }
  close() {
    this.server.closeAllConnections?.();
    this.server.close();
  }

  async serve(request, response) {
    const where = new URL(request.url, "http://x");
    if (where.pathname === "/stall") return this.stall(request);
    if (where.pathname.startsWith("/down/")) return this.down(where.pathname.slice(6), response);
    if (where.pathname === "/flaky" && ++this.tries === 1) {
      let got = 0;
      for await (const piece of request) if ((got += piece.length) > 100_000) return request.socket.destroy();
    }
    const keep = where.pathname === "/form" || where.pathname === "/plain";
    const seen = { headers: request.headers, query: Object.fromEntries(where.searchParams), bytes: 0, body: "" };
    const hash = crypto.createHash("sha256");
    let head = where.pathname === "/big-form" ? Buffer.alloc(0) : null;
    let tail = Buffer.alloc(0);
    const close = head ? `\r\n--${request.headers["content-type"].split("boundary=")[1]}--\r\n`.length : 0;
    for await (let piece of request) {
      if (keep) seen.body += piece.toString("latin1");
      if (head) {
        head = Buffer.concat([head, piece]);
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) continue;
        piece = head.subarray(end + 4);
        head = null;
      }
      tail = Buffer.concat([tail, piece]);
      const sure = Math.max(0, tail.length - close);
      hash.update(tail.subarray(0, sure));
      seen.bytes += sure;
      tail = tail.subarray(sure);
    }
    seen.sha = hash.digest("hex");
    this.seen.push(seen);
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ bytes: seen.bytes, sha: seen.sha }));
  }

  // Says nothing for ever.
  stall(request) {
    this.stalled = { since: Date.now(), gone: 0 };
    request.socket.once("close", () => (this.stalled.gone = Date.now()));
  }

  async down(kind, response) {
    this.gone = false;
    ++this.asked;
    response.once("close", () => (this.gone = !response.writableFinished));
    if (kind === "missing") return response.writeHead(404, { "Content-Type": "application/json" }).end('{"message":"no such file"}');
    if (kind === "refused") return response.writeHead(200, { "Content-Type": "application/json" }).end('{"ok":false,"why":"it is locked"}');
    if (kind === "later") return response.writeHead(202).end("come again");
    if (kind === "empty") return response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": 0 }).end();
    if (kind === "json") return response.writeHead(200, { "Content-Type": "application/json" }).end('{"ok":true}');
    if (kind === "stall") return response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": 1000 }).write("half");
    if (kind === "small")
      return response.writeHead(200, { "Content-Type": "text/html", "Content-Disposition": 'attachment; filename="a b.html"',
        "Set-Cookie": "session=1", "X-Provider": "yes" }).end("<script>alert(1)</script>");
    const bytes = kind.startsWith("cut") ? 8 * mebi : bigBytes;
    response.writeHead(200, { "Content-Type": "application/pdf", ...(kind.endsWith("chunked") ? {} : { "Content-Length": bytes }) });
    if (kind.startsWith("cut")) {
      await sendBlocks(response, bytes / 2);
      await sleep(300);
      return response.destroy();
    }
    this.sent = 0;
    for (let i = 0; i < bytes / mebi && !response.destroyed; ++i) {
      const room = response.write(block(i));
      this.sent += mebi;
      if (!room) await roomIn(response);
    }
    response.end();
  }
}

class Engine {
  constructor(base, process) {
    this.base = base;
    this.process = process;
  }
  static async start(folder, ...more) {
    const port = await freePort();
    const base = `http://127.0.0.1:${port}`;
    const child = new Process(binary("junctor"), ["serve", path.join(folder, "files"), "--port", port, "--dev-no-auth", "--allow-addresses", "127.0.0.0/8", ...more]);
    await child.ready(`${base}/readyz`);
    return new Engine(base, child);
  }
  peak() {
    return Number(fs.readFileSync(`/proc/${this.process.pid}/status`, "utf8").match(/VmHWM:\s+(\d+)/)[1]) * 1024;
  }
  resetPeak() {
    fs.writeFileSync(`/proc/${this.process.pid}/clear_refs`, "5");
    return this.peak();
  }
  // send(stream) writes the body; gives status, headers and text.
  post(action, headers, send, where = `/v1/integrations/files/actions/${action}`) {
    return new Promise((resolve, reject) => {
      const request = http.request(this.base + where, { method: "POST", headers, agent: false }, (response) => {
        let text = "";
        response.on("data", (bytes) => (text += bytes));
        response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text, body: text ? JSON.parse(text) : null }));
      });
      // An answer may come before the body is taken.
      request.on("error", (error) => setTimeout(() => reject(error), 500));
      send(request);
    });
  }
  async form(action, parts, where) {
    const form = new FormData();
    for (const [name, value, filename] of parts) filename === undefined ? form.append(name, value) : form.append(name, value, filename);
    const response = await fetch(this.base + (where ?? `/v1/integrations/files/actions/${action}`), { method: "POST", body: form });
    const text = await response.text();
    return { status: response.status, text, body: JSON.parse(text), run: response.headers.get("Junctor-Run") };
  }
  down(kind, headers = {}) {
    return fetch(`${this.base}/files/down/${kind}`, { headers });
  }
  async run(id) {
    return (await fetch(`${this.base}/v1/runs/${id}`)).json();
  }
  async calls(id) {
    return (await fetch(`${this.base}/v1/runs/${id}/calls`)).json();
  }
}

const blob = (text, type) => new Blob([text], { type });

async function uploads(engine, provider, folder) {
  const wanted = digestOf(bigBytes);
  const before = engine.resetPeak();
  const raw = await engine.post("raw?note=hello&count=7", { "Content-Type": "application/x-big", "Content-Length": bigBytes },
    async (request) => { await sendBlocks(request, bigBytes); request.end(); });
  check(raw.status === 200 && raw.body.sha === wanted && raw.body.bytes === bigBytes, `a raw body: ${raw.status} ${raw.text}`);
  const seen = provider.seen.at(-1);
  check(seen.headers["content-type"] === "application/x-big" && Number(seen.headers["content-length"]) === bigBytes, JSON.stringify(seen.headers));
  check(seen.query.note === "hello" && seen.query.count === "7", `its input: ${JSON.stringify(seen.query)}`);

  const boundary = "x".repeat(60);
  const big = await engine.post("big_form", { "Content-Type": `multipart/form-data; boundary="${boundary}"`, "Transfer-Encoding": "chunked" },
    async (request) => {
      request.write(`--${boundary}\r\nContent-Disposition: form-data; name="doc"; filename="big.bin"\r\nContent-Type: application/x-big\r\n\r\n`);
      await sendBlocks(request, bigBytes);
      request.end(`\r\n--${boundary}\r\nContent-Disposition: form-data; name="input"\r\n\r\n{}\r\n--${boundary}--\r\n`);
    });
  check(big.status === 200 && big.body.sha === wanted, `a form: ${big.status} ${big.text}`);
  const grown = engine.peak() - before;
  console.log(`uploads of ${bigBytes / mebi} MiB: peak grew by ${(grown / mebi).toFixed(1)} MiB`);
  check(grown < mostGrowth, `the peak of memory grew by ${grown}`);
  const run = await engine.run(big.headers["junctor-run"]);
  check(run.status === "completed" && run.counters.uploaded_bytes === bigBytes, JSON.stringify(run));
  check(run.input.doc === "big.bin", JSON.stringify(run.input));
  const [call] = (await engine.calls(run.id)).calls;
  check(call.request.bytes > bigBytes && !call.request.body, JSON.stringify(call).slice(0, 500));
  check(fs.readdirSync(path.join(folder, "data/uploads")).length === 0, "something is left of the uploads");
}

async function forms(engine, provider) {
  const said = await engine.form("form", [["doc", blob("first", "text/csv"), "näme \"x\".csv"], ["input", '{"title": "T"}'], ["extra", blob("second", ""), "b.bin"]]);
  check(said.status === 200, said.text);
  const body = Buffer.from(provider.seen.at(-1).body, "latin1").toString();
  check(body.includes('name="title"\r\n\r\nT\r\n') && body.includes('name="upload"; filename="näme %22x%22.csv"\r\nContent-Type: text/csv\r\n\r\nfirst\r\n') &&
    body.includes('name="more"; filename="b.bin"\r\nContent-Type: application/octet-stream\r\n\r\nsecond\r\n'), body);
  const plainer = await engine.form("form", [["title", "as a part"], ["doc", "a text"]], "/files/form");
  check(plainer.status === 200, plainer.text);
  check(provider.seen.at(-1).body.includes('name="title"\r\n\r\nas a part\r\n') && provider.seen.at(-1).body.includes('filename="upload"') && !provider.seen.at(-1).body.includes("more"), provider.seen.at(-1).body);
  const run = await engine.run(said.run);
  check(run.counters.uploaded_bytes === 11 && !JSON.stringify(run).includes("second") && !JSON.stringify(await engine.calls(said.run)).includes("second"), JSON.stringify(run));

  const count = provider.seen.length;
  const refused = async (what, status, word, parts, where, action = "form") => {
    const answer = await engine.form(action, parts, where);
    check(answer.status === status && answer.text.includes(word), `${what}: ${answer.status} ${answer.text}`);
  };
  const doc = ["doc", blob("x", "text/plain"), "x"];
  await refused("a missing file", 422, "found no file, expected one, beside the input", [["input", "{}"]]);
  await refused("an unknown file", 422, "found a file of this name, expected one of its files: doc, extra", [doc, ["dco", blob("x"), "x"]]);
  await refused("a text for a file beside one", 422, "found a member of the input", [doc, ["input", '{"extra": "a text"}']]);
  await refused("an unknown text", 400, "nothing", [doc, ["nothing", "x"]]);
  await refused("a broken input", 400, "body", [doc, ["input", "{"]]);
  await refused("the same file twice", 400, 'two parts \\"doc\\"', [doc, doc]);
  await refused("a file for an action that takes none", 422, "the action takes no file", [["input", '{"a": "b"}'], doc], undefined, "plain");
  const none = await engine.post("form", { "Content-Type": "application/json" }, (request) => request.end("{}"));
  check(none.status === 422 && none.text.includes("multipart/form-data"), `no form at all: ${none.status} ${none.text}`);
  const hostile = async (what, head, type = "multipart/form-data; boundary=b") => {
    const answer = await engine.post("form", { "Content-Type": type }, (request) => request.end(`--b\r\n${head}\r\n\r\nx\r\n--b--\r\n`));
    check(answer.status === 400 && answer.headers["content-type"] === "application/problem+json", `${what}: ${answer.status} ${answer.text}`);
  };
  await hostile("no name", "Content-Disposition: form-data");
  await hostile("a zero byte", 'Content-Disposition: form-data; name="doc"; filename="a\0b"');
  await hostile("a line end in a name", 'Content-Disposition: form-data; name="doc"; filename="a%0D%0AX-Evil: 1"');
  await hostile("a folded line", 'Content-Disposition: form-data; name="doc";\r\n filename="a"');
  await hostile("a head without end", "X-Long: " + "a".repeat(20_000));
  await hostile("no boundary", 'Content-Disposition: form-data; name="doc"', "multipart/form-data");
  await hostile("a boundary of lines", 'Content-Disposition: form-data; name="doc"', 'multipart/form-data; boundary="b\tc"');
  check(provider.seen.length === count, "something was sent for a call that was refused");
  const folders = await engine.form("form", [["doc", blob("x", "text/plain"), "../../etc/passwd"]]);
  check(folders.status === 200 && provider.seen.at(-1).body.includes('filename="passwd"'), provider.seen.at(-1).body);
  const typed = await engine.form("form", [["input", blob('{"title": "typed"}', "application/json")], ["doc", blob("x"), "x"]]);
  check(typed.status === 200 && provider.seen.at(-1).body.includes('name="title"\r\n\r\ntyped\r\n'), typed.text);
  const plain = await engine.form("plain", [["a", "from a form"]]);
  check(plain.status === 200 && provider.seen.at(-1).body === '{"a":"from a form"}', provider.seen.at(-1).body);
}

// A body of JSON is the input of whatever it is sent to; a file of JSON is a part of a form.
async function jsonBodies(engine, provider) {
  const count = provider.seen.length;
  const json = (action, body, where) => engine.post(action, { "Content-Type": "application/json" }, (request) => request.end(JSON.stringify(body)), where);
  const refused = async (what, answer, found) => {
    const told = await answer;
    check(told.status === 422 && told.body.code === "input_invalid" && told.body.errors[0].path === "doc" && told.body.errors[0].message.startsWith(found) &&
      told.body.errors[0].message.includes('as a part "doc" of multipart/form-data'), `${what}: ${told.status} ${told.text}`);
  };
  await refused("a text for a file", json("form", { title: "T", doc: "a text" }), "found a member of the input");
  await refused("a text for a file, on the action's own route", json("", { title: "T", doc: "a text" }, "/files/form"), "found a member of the input");
  await refused("JSON for a whole file", json("raw", { note: "n" }), "found no file");
  await refused("JSON with the file for a whole file", json("raw", { doc: "x" }), "found a member of the input");
  check((await json("raw", {})).text.includes("as the whole body of any type but application/json"), "what may be the file");
  check(provider.seen.length === count, "something was sent for a call that was refused");
  const content = '{"a": [1]}';
  const sent = await engine.form("raw", [["input", '{"note": "n"}'], ["doc", blob(content, "application/json"), "a.json"]]);
  const seen = provider.seen.at(-1);
  check(sent.status === 200 && sent.body.sha === sha(content) && seen.headers["content-type"] === "application/json" && seen.query.note === "n", `${sent.text} ${JSON.stringify(seen)}`);
  const described = (await (await fetch(`${engine.base}/v1/integrations/files`)).json()).actions.find((one) => one.slug === "form");
  check(JSON.stringify(described.input) === '{"type":"object","properties":{"title":{"type":"string","title":"Title"}}}', JSON.stringify(described.input));
}

async function retries(engine, provider) {
  const bytes = Buffer.concat([block(1), block(2)]);
  const answer = await engine.post("flaky", { "Content-Type": "application/x-b", "Content-Length": bytes.length }, (request) => request.end(bytes));
  check(answer.status === 200 && answer.body.sha === sha(bytes) && provider.tries === 2, `${provider.tries} tries: ${answer.status} ${answer.text}`);
}

async function limits(folder) {
  const engine = await Engine.start(folder, "--data-dir", path.join(folder, "small"), "--upload-limit", "1m", "--body-limit", "10k");
  const tooLarge = (what, answer, setting) => check(answer.status === 413 && answer.body.type === "urn:junctor:problem:too_large" &&
    answer.text.includes(setting), `${what}: ${answer.status} ${answer.text}`);
  tooLarge("an announced body", await engine.post("raw", { "Content-Type": "a/b", "Content-Length": 2 * mebi }, (request) => request.write(Buffer.alloc(1000))), "upload_limit");
  tooLarge("a body in chunks", await engine.post("raw", { "Content-Type": "a/b", "Transfer-Encoding": "chunked" }, async (request) => {
    await sendBlocks(request, 1.25 * mebi);
    request.end();
  }), "upload_limit");
  const form = (name, filename, content) => (request) => request.end(`--b\r\nContent-Disposition: form-data; name="${name}"${filename}\r\n\r\n${content}\r\n--b--\r\n`);
  const type = { "Content-Type": "multipart/form-data; boundary=b" };
  tooLarge("a form", await engine.post("form", type, form("doc", '; filename="a"', "x".repeat(mebi))), "upload_limit");
  tooLarge("a long input", await engine.post("form", type, form("input", "", " ".repeat(11_000))), "body_limit");
  tooLarge("a long JSON body", await engine.post("plain", { "Content-Type": "application/json" }, (request) => request.end(" ".repeat(11_000))), "body_limit");
  check(fs.readdirSync(path.join(folder, "small/uploads")).length === 0, "something is left of the uploads");
  fs.writeFileSync(path.join(folder, "small/uploads/upload-left"), "by a crash");
  await engine.process.kill();
  const again = await Engine.start(folder, "--data-dir", path.join(folder, "small"));
  check(fs.readdirSync(path.join(folder, "small/uploads")).length === 0, "what a crash left behind is still there");
  await again.process.stop();
}

// Nothing of a body is asked for, or read, for somebody who may not call.
async function withoutToken(folder) {
  const port = await freePort();
  const child = new Process(binary("junctor"), ["serve", path.join(folder, "files"), "--port", port, "--data-dir", path.join(folder, "closed")]);
  await child.ready(`http://127.0.0.1:${port}/readyz`);
  const told = await new Promise((resolve) => {
    const socket = net.connect(Number(port), "127.0.0.1");
    let text = "";
    socket.on("data", (bytes) => (text += bytes));
    socket.on("end", () => resolve(text));
    socket.write(`POST /v1/integrations/files/actions/raw HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Type: a/b\r\nContent-Length: ${mebi}\r\n\r\n`);
  });
  check(told.startsWith("HTTP/1.1 401") && told.includes("Connection: close"), told);
  await child.stop();
}

async function downloads(engine, provider) {
  const before = engine.resetPeak();
  for (const kind of ["big", "big-chunked"]) {
    const response = await engine.down(kind);
    check(response.status === 200 && response.headers.get("content-type") === "application/pdf", `${response.status}`);
    check(response.headers.get("content-length") === (kind === "big" ? String(bigBytes) : null), "its length");
    const hash = crypto.createHash("sha256");
    for await (const piece of response.body) hash.update(piece);
    check(hash.digest("hex") === digestOf(bigBytes), `${kind} came as something else`);
    const run = await engine.run(response.headers.get("Junctor-Run"));
    check(run.status === "completed" && run.counters.downloaded_bytes === bigBytes && run.output.bytes === bigBytes, JSON.stringify(run));
    const [call] = (await engine.calls(run.id)).calls;
    check(call.response.bytes === bigBytes && !call.response.body, JSON.stringify(call).slice(0, 400));
  }
  const grown = engine.peak() - before;
  console.log(`downloads of ${bigBytes / mebi} MiB: peak grew by ${(grown / mebi).toFixed(1)} MiB`);
  check(grown < mostGrowth, `the peak of memory grew by ${grown}`);

  const small = await engine.down("small");
  check((await small.text()) === "<script>alert(1)</script>" && small.headers.get("content-disposition") === 'attachment; filename="a b.html"', "a small one");
  check(!small.headers.has("set-cookie") && !small.headers.has("x-provider") && small.headers.get("x-content-type-options") === "nosniff" &&
    small.headers.get("content-security-policy").includes("sandbox"), [...small.headers].join("\n"));
  const empty = await engine.down("empty");
  check(empty.status === 200 && (await empty.text()) === "" && empty.headers.get("content-length") === "0", "an empty one");
  check((await (await engine.down("json")).text()) === '{"ok":true}', "one of JSON");
  provider.asked = 0;
  const head = await fetch(`${engine.base}/files/down/small`, { method: "HEAD" });
  check(head.status === 405 && head.headers.get("allow") === "GET, OPTIONS" && provider.asked === 0, `HEAD: ${head.status}, ${provider.asked} calls`);
  const part = await engine.down("small", { Range: "bytes=1-3" });
  check(part.status === 200 && (await part.text()) === "<script>alert(1)</script>" && part.headers.get("accept-ranges") === "none", `a range: ${part.status}`);
  const nothing = await (await engine.down("empty", { Accept: "application/json" })).json();
  check(nothing.base64 === "", `an empty one as JSON: ${JSON.stringify(nothing)}`);
  const json = await engine.down("small", { Accept: "application/json" });
  const told = await json.json();
  check(Buffer.from(told.base64, "base64").toString() === "<script>alert(1)</script>" && told.content_type === "text/html", JSON.stringify(told));
  for (const accept of ["application/json, text/plain, */*", "*/*", "application/pdf"])
    check((await (await engine.down("small", { Accept: accept })).text()).startsWith("<script>"), `Accept: ${accept}`);
  const run = await engine.run(json.headers.get("Junctor-Run"));
  check(run.output.bytes === 25 && !run.output.base64, JSON.stringify(run.output));

  for (const [kind, status, word] of [["missing", 404, "no such file"], ["refused", 409, "it is locked"], ["later", 400, "files answered 202"]]) {
    const response = await engine.down(kind);
    const text = await response.text();
    check(response.status === status && response.headers.get("content-type") === "application/problem+json" && text.includes(word), `${kind}: ${response.status} ${text}`);
  }
}

// Asks for a download by hand and gives {text, ended}: how the connection ended, "end" or an error.
function rawDown(engine, kind, version = "1.1") {
  return new Promise((resolve) => {
    const socket = net.connect(Number(new URL(engine.base).port), "127.0.0.1");
    const pieces = [];
    let how = "end";
    socket.on("data", (bytes) => pieces.push(bytes));
    socket.on("error", (error) => (how = error.code));
    socket.on("close", () => resolve({ bytes: Buffer.concat(pieces), how }));
    socket.write(`GET /files/down/${kind} HTTP/${version}\r\nHost: ${new URL(engine.base).host}\r\nConnection: close\r\n\r\n`);
  });
}

const runOf = (text) => text.match(/Junctor-Run: (\S+)/)[1];

async function broken(engine) {
  for (const [kind, version] of [["cut", "1.1"], ["cut-chunked", "1.1"], ["cut-chunked", "1.0"]]) {
    const { bytes, how } = await rawDown(engine, kind, version);
    const text = bytes.toString("latin1");
    check(text.startsWith("HTTP/1.1 200") && bytes.length >= 3 * mebi && bytes.length < 6 * mebi, `${kind}: ${bytes.length} ${text.slice(0, 1000)}`);
    check(!text.endsWith("0\r\n\r\n"), `${kind} looks complete`);
    check(version === "1.1" || how === "ECONNRESET", `${kind} over HTTP/1.0 ended with ${how}`);
    const run = await eventually(async () => {
      const one = await engine.run(runOf(text));
      return one.id && one;
    }, { what: "its run" });
    check(run.status === "failed" && run.counters.downloaded_bytes >= 3 * mebi, JSON.stringify(run));
  }
}

function begin(engine, kind) {
  return new Promise((resolve, reject) => {
    http.get(`${engine.base}/files/down/${kind}`, { agent: false }, resolve).on("error", reject);
  });
}

async function slowReader(engine, provider) {
  const before = engine.resetPeak();
  const response = await begin(engine, "big");
  response.pause();
  await sleep(3000);
  const sent = provider.sent;
  check(sent < 64 * mebi, `the provider was not held back: ${sent / mebi} MiB`);
  await sleep(1000);
  check(provider.sent === sent, "the provider sends on");
  check(engine.peak() - before < mostGrowth, "memory of a slow download");
  const hash = crypto.createHash("sha256");
  for await (const piece of response) hash.update(piece);
  check(hash.digest("hex") === digestOf(bigBytes), "a slow download came as something else");
}

// Somebody leaves while the provider says nothing: before its answer, and in the middle of a file.
async function leavingSilence(engine, provider) {
  provider.stalled = undefined;
  const socket = net.connect(Number(new URL(engine.base).port), "127.0.0.1");
  socket.write(`POST /v1/integrations/files/actions/stall HTTP/1.1\r\nHost: ${new URL(engine.base).host}\r\nContent-Length: 2\r\n\r\n{}`);
  await eventually(() => provider.stalled, { what: "the provider's silence" });
  await sleep(1500);
  check(!provider.stalled.gone, "a call that somebody waits for was given up");
  socket.destroy();
  const left = Date.now();
  await eventually(() => provider.stalled.gone, { what: "the end of a call that nobody waits for" });
  check(provider.stalled.gone - left < 3000, `it took ${provider.stalled.gone - left} ms`);
  const cancelled = async (what) => eventually(async () => {
    const [run] = (await (await fetch(`${engine.base}/v1/runs?limit=1`)).json()).runs;
    return run.subject === what && run.status === "cancelled" && JSON.stringify(await engine.run(run.id)).includes("had answered; the call was given up");
  }, { what: `a cancelled run of ${what}` });
  await cancelled("stall");

  const response = await begin(engine, "stall");
  await new Promise((resolve) => response.once("data", resolve));
  check(!provider.gone, "the provider's connection");
  response.destroy();
  const before = Date.now();
  await eventually(() => provider.gone, { what: "the end of a download that nobody waits for" });
  check(Date.now() - before < 3000, `it took ${Date.now() - before} ms`);
  await cancelled("down");
}

async function leaving(engine, provider) {
  const response = await begin(engine, "big");
  await new Promise((resolve) => response.once("data", resolve));
  response.destroy();
  const run = await eventually(async () => {
    const one = await engine.run(response.headers["junctor-run"]);
    return one.id && one;
  }, { what: "the run of a caller who left" });
  check(run.status === "cancelled" && run.error.kind === "cancelled" && run.error.message.includes("the caller left after"), JSON.stringify(run));
  const [recorded] = (await engine.calls(run.id)).calls;
  check(recorded.status === 200 && recorded.response.bytes > 0, `what had come is not recorded: ${JSON.stringify(recorded)}`);
  await eventually(() => provider.gone, { what: "the end of the provider's connection" });
  await leavingSilence(engine, provider);
  // An upload that ends early is none.
  const count = provider.seen.length;
  const socket = net.connect(Number(new URL(engine.base).port), "127.0.0.1");
  socket.write(`POST /v1/integrations/files/actions/raw HTTP/1.1\r\nHost: ${new URL(engine.base).host}\r\nContent-Type: a/b\r\nContent-Length: 1000\r\n\r\nhalf`);
  await sleep(300);
  socket.destroy();
  await sleep(300);
  check(provider.seen.length === count, "half an upload was sent on");
}

await main(async () => {
  const provider = await new Provider().open();
  const folder = tempDir("files");
  fs.mkdirSync(path.join(folder, "files"));
  fs.writeFileSync(path.join(folder, "files/integration.yaml"), definition(provider.url));
  const engine = await Engine.start(folder, "--data-dir", path.join(folder, "data"));
  await forms(engine, provider);
  await jsonBodies(engine, provider);
  await retries(engine, provider);
  await uploads(engine, provider, folder);
  await downloads(engine, provider);
  await slowReader(engine, provider);
  await leaving(engine, provider);
  await broken(engine);
  const { code } = await engine.process.stop();
  check(code === 0, `the engine ended with ${code}`);
  await limits(folder);
  await withoutToken(folder);
  provider.close();
});
