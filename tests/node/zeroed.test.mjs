// Where plaintext of secrets stands in the memory of a running engine: while calls go on, in the pages that are kept
// for secrets, and what went over HTTP/2 in the buffers of kept connections; some seconds after the last call, nowhere.
// Canaries come in by the API and a project, are changed, and are used by calls of several schemes, by refreshed
// tokens, over TLS and by webhooks; then every page of the process that can be written is searched.
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import path from "node:path";
import { spawnSync } from "node:child_process";

import { junctor } from "./support/callers.mjs";
import { Process, binary, check, eventually, freePort, main, skip, sleep, tempDir } from "./support/processes.mjs";

const canaries = {};
// Short texts stand inside the objects that hold them, on stacks too; longer ones on the heap.
const canary = (name, bytes = 16) => (canaries[name] = crypto.randomBytes(bytes).toString("hex"));
const short_bytes = 6;

function certificate(folder) {
  const made = spawnSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", "2",
    "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=provider", "-addext", "subjectAltName=IP:127.0.0.1"],
  { cwd: folder, encoding: "utf8" });
  if (made.error) skip("the command openssl is not installed");
  check(made.status === 0, `openssl: ${made.stderr}`);
  const read = (name) => fs.readFileSync(path.join(folder, name), "utf8");
  return { key: read("key.pem"), cert: read("cert.pem") };
}

// Hands out tokens that end soon, so that calls need others; keeps what it was sent.
async function provider(pems) {
  const seen = [];
  const answer = (request, response) => {
    let body = "";
    request.on("data", (piece) => (body += piece));
    request.on("end", () => {
      seen.push(`${request.url} ${JSON.stringify(request.headers)} ${decodeURIComponent(body)}`);
      response.writeHead(200, { "Content-Type": "application/json" });
      if (!request.url.startsWith("/token")) return response.end(JSON.stringify({ ok: true }));
      const number = Object.keys(canaries).length;
      const name = `${pems ? "tls" : "plain"} token ${number}`;
      const access = canary(`${name}, access`, number % 2 ? short_bytes : 16), refresh = canary(`${name}, refresh`);
      response.end(JSON.stringify(request.url.startsWith("/token/own") ? { session: { ticket: access, again: refresh, seconds: 2 } }
        : { access_token: access, refresh_token: refresh, expires_in: 2, token_type: "Bearer" }));
    });
  };
  const server = pems ? http2.createSecureServer(pems, answer) : http.createServer(answer);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { base: `${pems ? "https" : "http"}://127.0.0.1:${server.address().port}`, seen };
}

function integrations(plain, tls) {
  const of = (base, auth, vars) => ({ base, auth, vars });
  const own = `{type: oauth2, oauth2: {grant: token_exchange, exchange: {url: "${plain}/token/own",
    body: "={'id': vars.client_id, 'proof': vars.client_secret & '+'}",
    token: "{'access_token': $.session.ticket, 'refresh_token': $.session.again, 'expires_in': $.session.seconds}"}}}`;
  const oauth = "oauth2: {grant: client_credentials, client_auth: body}";
  return {
    header: of(plain, "{type: api_key, api_key: {name: X-Very-Own}}", ["api_key"]),
    query: of(plain, "{type: api_key, api_key: {in: query, name: key}}", ["api_key"]),
    basic: of(plain, "{type: basic}", ["username", "password"]),
    computed: of(plain, "{type: headers, headers: {X-Computed: \"='of ' & vars.token & '!'\"}}", ["token"]),
    signed: of(plain, "{type: hmac}", ["secret"]),
    credentials: of(plain, `{type: oauth2, ${oauth}}`, ["client_id", "client_secret"]),
    own: of(plain, own, ["client_id", "client_secret"]),
    tls: of(tls, `{type: oauth2, ${oauth}, mtls: {ca: =vars.ca}}`, ["client_id", "client_secret", "certificate", "private_key", "ca"]),
    http2: of(tls, "{type: api_key, api_key: {name: X-Very-Own}, mtls: {ca: =vars.ca}}", ["api_key", "certificate", "private_key", "ca"]),
    project: of(plain, "{type: bearer}", ["token"]),
  };
}

const most_bytes = 2 ** 32;  // of a region; sanitizers map terabytes, and have an allocator of their own

const wentOverHttp2 = (name) => /^(tls|http2)\b/.test(name);
const is_certificate = (name) => name === "ca" || name === "certificate";
const definition = (slug, { base, auth, vars }) => `
slug: ${slug}
endpoints: {base_url: "${base}", token: "${base}/token"}
auth: [${auth}]
vars:
${vars.map((name) => `  ${name}: {type: ${is_certificate(name) ? "textarea" : "password"}}`).join("\n")}
actions:
  works: {method: GET, path: /${slug}/works, api: {path: /works}}
webhooks:
  in: {verify: {scheme: hmac, header: X-Signature}, produces: [${slug}.arrived]}
`;

function projectOf(folder, all) {
  const project = path.join(folder, "project");
  for (const [slug, one] of Object.entries(all)) {
    fs.mkdirSync(path.join(project, slug), { recursive: true });
    fs.writeFileSync(path.join(project, slug, "integration.yaml"), definition(slug, one));
  }
  fs.writeFileSync(path.join(project, "junctor.yaml"), `integrations: [${Object.keys(all).map((slug) => `./${slug}`)}]
settings: {allow_addresses: 127.0.0.0/8}
connections:
  - {integration: project, name: default, vars: {token: "${canary("a project's connection")}"}}
endpoints:
  - {name: project, integration: project, webhook: in, secrets: ["${canary("a project's endpoint")}"]}
`);
  return project;
}

// Where the canaries stand in a process: in what kind of memory, and which.
function search(pid) {
  const found = [];
  let memory;
  try {
    memory = fs.openSync(`/proc/${pid}/mem`, "r");
  } catch (error) {
    skip(`the memory of a process that leaves no dump is for root to read: ${error.code}`);
  }
  let region;
  for (const line of fs.readFileSync(`/proc/${pid}/smaps`, "utf8").split("\n")) {
    const begins = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)$/.exec(line);
    if (begins) region = { from: parseInt(begins[1], 16), to: parseInt(begins[2], 16), rights: begins[3], name: begins[4] || "mapped" };
    if (!line.startsWith("VmFlags:") || !region.rights.startsWith("rw")) continue;
    if (region.to - region.from > most_bytes) skip("the engine is built with a sanitizer, which keeps what is freed");
    const kind = / dd( |$)/.test(line) ? "secret pages" : region.name;  // dd: dumps leave it out
    for (const one of searchRegion(memory, region)) found.push({ kind, ...one });
  }
  fs.closeSync(memory);
  return found;
}

function searchRegion(memory, region) {
  const found = [];
  const bytes = Buffer.alloc(region.to - region.from);
  for (let at = 0, count; at < bytes.length; at += count) {
    count = fs.readSync(memory, bytes, at, Math.min(bytes.length - at, 1 << 24), region.from + at);
    if (count === 0) break;
  }
  for (const [name, text] of Object.entries(canaries))
    for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
      const around = bytes.subarray(Math.max(0, at - 32), at).toString("latin1").replace(/[^ -~]/g, ".");
      found.push({ name, at: (region.from + at).toString(16), around });
    }
  return found;
}

// Waits until no canary is found that counts; tells of those that stay.
async function gone(pid, counts, within, what) {
  let found;
  try {
    await eventually(() => (found = search(pid).filter(counts)).length === 0, { within, every: 500, what });
  } catch {
    throw new Error(`${what}: ${JSON.stringify(found, null, 1)}`);
  }
}

async function callEverything(base, all, pems, token) {
  const ask = async (method, place, body, headers = {}) => {
    const response = await fetch(base + place, { method, body: body && JSON.stringify(body),
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}`, ...headers } });
    const text = await response.text();
    check(response.ok, `${method} ${place}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : null;
  };
  const value = (slug, name, round) => is_certificate(name) ? pems.cert : name === "private_key" ? pems.key
    : canary(`${slug}.${name} ${round}`, name === "password" || name === "client_id" ? short_bytes : 16);
  const fresh = (slug, round) => Object.fromEntries(all[slug].vars.map((name) => [name, value(slug, name, round)]));
  const mine = Object.keys(all).filter((slug) => slug !== "project");
  const ids = {};
  for (const slug of mine) ids[slug] = (await ask("POST", "/v1/connections", { integration: slug, vars: fresh(slug, 1) })).id;
  const call = async () => {
    for (const slug of Object.keys(all)) await ask("POST", `/v1/integrations/${slug}/actions/works`, {});
  };
  await call();
  for (const slug of mine) await ask("PATCH", `/v1/connections/${ids[slug]}`, { vars: fresh(slug, 2) });
  for (const round of [1, 2, 3]) {
    await call();
    if (round < 3) await sleep(1500);
  }
  await ask("PUT", "/v1/endpoints/typed", { integration: "header", webhook: "in", secrets: [canary("an endpoint")] });
  for (const [endpoint, secret] of [["typed", canaries["an endpoint"]], ["project", canaries["a project's endpoint"]]])
    await ask("POST", `/hooks/${endpoint}`, { a: 1 },
      { "X-Signature": crypto.createHmac("sha256", secret).update("{\"a\":1}").digest("hex") });
}

await main(async () => {
  const folder = tempDir("zeroed");
  const pems = certificate(folder);
  canaries["a line of the private key"] = pems.key.split("\n")[1];
  const plain = await provider(), tls = await provider(pems);
  const all = integrations(plain.base, tls.base);
  const project = projectOf(folder, all);
  const data = path.join(folder, "data");
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const engine = new Process(binary("junctor"), ["serve", "--port", String(port), "--data-dir", data, project]);
  await engine.ready(`${base}/readyz`);
  search(engine.pid);
  const token = junctor(data, "token", "create", "caller", "--scopes", "*");
  canaries["an API token"] = token;

  await callEverything(base, all, pems, token);
  const sent = plain.seen.concat(tls.seen).join("\n");
  for (const name of ["header.api_key 2", "query.api_key 2", "computed.token 2", "credentials.client_secret 2", "tls.client_secret 2",
    "http2.api_key 2"])
    check(sent.includes(canaries[name]), `${name} was not used`);
  check(Object.keys(canaries).filter((name) => name.endsWith("access")).length >= 6, "no token was refreshed");
  const now = search(engine.pid);
  check(now.some(({ kind, name }) => kind === "secret pages" && name === "header.api_key 2"), "the search finds nothing");
  const outside = ({ kind, name }) => kind !== "secret pages" && !wentOverHttp2(name);
  await gone(engine.pid, outside, 10_000, "secrets outside of the pages for secrets");
  await gone(engine.pid, () => true, 40_000, "secrets after the last call");
  console.log(`${Object.keys(canaries).length} canaries; right after the last call ${now.length} places, ` +
    `${now.filter(({ kind }) => kind !== "secret pages").length} of them outside of the pages for secrets; then none`);
  await engine.stop();
});
