// Canary secrets go into a running engine, everything that can fail is made to fail, and then the
// canaries are looked for: in the database and its log, the engine's output, what the API and /metrics
// answer, a backup, and a core dump that must not exist; on SQLite and on PostgreSQL. On the way: every call stands
// with its run.
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { spawnSync } from "node:child_process";

import { junctor } from "./support/callers.mjs";
import { Process, binary, check, eventually, freePort, getJson, main, tempDir } from "./support/processes.mjs";
import { Postgres, program } from "./support/postgres.mjs";

const canaries = {};
const known = {};  // what connections hold, as a provider knows it
const canary = (name) => (canaries[name] = `canary-${name}-${crypto.randomBytes(12).toString("hex")}`);

// A provider that repeats what it was sent wherever it can.
async function provider() {
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => (body += piece));
    request.on("end", () => {
      const sent = JSON.stringify({ url: request.url, headers: request.headers, body });
      const url = new URL(request.url, "http://provider");
      const told = `of ${Object.values(known[url.searchParams.get("of")] ?? {}).join(" and ")}`;
      if (request.url.startsWith("/token/refuses")) {
        response.writeHead(401, { "Content-Type": "application/json" });
        response.end(JSON.stringify({ error: "invalid_client", error_description: `wrong: ${body} ${request.headers.authorization}` }));
      } else if (request.url.startsWith("/token")) {
        response.writeHead(200, { "Content-Type": "application/json" });
        response.end(JSON.stringify({ access_token: canaries.access, refresh_token: canaries.refresh, expires_in: 3600, token_type: "Bearer" }));
      } else if (request.url.startsWith("/fails")) {
        response.writeHead(500, { "Content-Type": "application/json" });
        response.end(JSON.stringify({ message: `broken: ${told}, ${sent}`, access_token: canaries.access, all: told }));
      } else if (request.url.startsWith("/repeats")) {
        // A success that repeats what it was sent, what it knows of the connection, and hands out a new token.
        response.writeHead(200, { "Content-Type": "application/json" });
        response.end(JSON.stringify({ ok: true, id: "one", echo: sent, known: [told],
          access_token: canaries.issued }));
      } else if (request.url.startsWith("/copy")) {
        // A file that repeats it, in pieces that end anywhere.
        const file = `a file\n${told}\n${sent}\nits end`;
        response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": Buffer.byteLength(file),
          "Content-Disposition": `attachment; filename="${told}.txt"` });
        for (const piece of file.match(/[^]{1,7}/g)) response.write(piece);
        response.end();
      } else if (request.url.startsWith("/people")) {
        response.writeHead(200, { "Content-Type": "application/json" });
        response.end(JSON.stringify([{ id: "ann", pin: canaries.declared }]));
      } else if (request.url.startsWith("/pages")) {
        const page = Number(url.searchParams.get("page"));
        response.writeHead(200, { "Content-Type": "application/json" });
        response.end(JSON.stringify({ items: [{ page, known: page < 60 ? "" : told }], more: page < 60 }));
      } else {
        response.writeHead(200, { "Content-Type": "application/json", "Set-Cookie": `session=${canaries.cookie}`,
          "X-Echo": JSON.stringify([request.url, request.headers.authorization, request.headers["x-very-own"]]) });
        response.end(JSON.stringify({ ok: true, owner: "ann", seen: request.headers["x-plain"] ?? null, bytes: sent.length }));
      }
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server.address().port;
}

const integration = (slug, base, auth, vars) => `
slug: ${slug}
endpoints: {base_url: "${base}", token: "${base}/token"}
auth: [${auth}]
vars:
${vars.map((name) => `  ${name}: {type: password}`).join("\n")}
test_action: fails
actions:
  works: {method: GET, path: /${slug}/works, api: {path: /works, headers: {X-Plain: shown}, redact: {headers: [X-Hidden]}}, expandable: [{field: owner, action: people}]}
  people: {method: GET, path: /${slug}/people, params: {ids: {schema: {type: array}}}, api: {path: /people, redact: {body: [/*/pin]}}}
  fails: {method: GET, path: /${slug}/fails, api: {path: /fails, query: {of: ${slug}}, retry: {attempts: 1}}}
  repeats: {method: GET, path: /${slug}/repeats, api: {path: /repeats, query: {of: ${slug}}}}
  copy: {method: GET, path: /${slug}/copy, api: {path: /copy, query: {of: ${slug}}, response: {kind: file}}}
  pages: {method: GET, path: /${slug}/pages, api: {path: /pages, query: {of: ${slug}}, pagination: {kind: page, items: items, param: page, more: more}}}
  cached: {method: GET, path: /${slug}/cached, api: {path: /repeats, query: {of: ${slug}}, cache: {ttl: 5m, store: store}}}
  memoised: {method: GET, path: /${slug}/memoised, memoize: {ttl: 5m, store: store}, api: {path: /repeats, query: {of: ${slug}}}}
  posts: {path: /${slug}/posts, params: {password: {}, note: {}}, api: {method: POST, path: /works, body: "={'password': input.password, 'note': input.note}"}}
catch:
  asked: {topics: ["${slug}.asked"], action: repeats}
webhooks:
  in: {verify: {scheme: hmac, header: X-Signature}, produces: [${slug}.arrived]}
`;

// Everything that was seen of the engine from outside.
const seen = [];
async function ask(base, method, place, body, headers = {}) {
  const response = await fetch(base + place, {
    method, headers: { "Content-Type": "application/json", ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  seen.push(`${method} ${place} ${JSON.stringify([...response.headers])} ${text}`);
  return { status: response.status, run: response.headers.get("junctor-run"), text };
}

function project(folder, port, closedPort, plainPort) {
  const base = `http://127.0.0.1:${port}`;
  const oauth = "{type: oauth2, oauth2: {grant: client_credentials, client_auth: body}}";
  const all = {
    token: integration("token", base, oauth, ["client_id", "client_secret"]),
    refused: integration("refused", base, oauth, ["client_id", "client_secret"]).replace("/token\"", "/token/refuses\""),
    keyed: integration("keyed", base, "{type: api_key, api_key: {in: query, name: key}}", ["api_key"]),
    header: integration("header", base, "{type: api_key, api_key: {name: X-Very-Own}}", ["api_key"]),
    // One of its vars begins with another.
    signed: integration("signed", base, "{type: aws_sigv4, aws_sigv4: {region: here, service: its}}", ["access_key_id", "another", "longer", "secret_access_key"]),
    closed: integration("closed", `http://127.0.0.1:${closedPort}`, "{type: bearer}", ["token"]),
    badtls: integration("badtls", `https://127.0.0.1:${plainPort}`, "{type: basic}", ["username", "password"]),
  };
  for (const [slug, text] of Object.entries(all)) {
    fs.mkdirSync(path.join(folder, slug), { recursive: true });
    fs.writeFileSync(path.join(folder, slug, "integration.yaml"), text);
  }
  fs.writeFileSync(path.join(folder, "junctor.yaml"),
    `integrations: [${Object.keys(all).map((slug) => `./${slug}`).join(", ")}]\n` +
    "settings: {allow_addresses: 127.0.0.0/8}\n");
  return Object.keys(all);
}

async function connectAndFail(base, slugs) {
  const vars = {
    token: { client_id: "me", client_secret: canary("client") },
    refused: { client_id: "me", client_secret: canary("refused") },
    keyed: { api_key: canary("query") },
    header: { api_key: canary("header") },
    signed: { access_key_id: "me", another: canary("another"), longer: canaries.another + canary("longer"), secret_access_key: canary("signs") },
    closed: { token: canary("closed") },
    badtls: { username: "me", password: canary("basic") },
  };
  for (const slug of slugs) {
    const made = await ask(base, "POST", "/v1/connections", { integration: slug, name: "default", vars: vars[slug] });
    check(made.status === 201, `a connection of ${slug}: ${made.status} ${made.text}`);
    const id = JSON.parse(made.text).id;
    await ask(base, "GET", `/v1/connections/${id}`);
    await ask(base, "POST", `/v1/connections/${id}/test`, {});
    known[slug] = vars[slug];
    for (const action of ["works", "fails", "posts"])
      await ask(base, "POST", `/v1/integrations/${slug}/actions/${action}`, { password: canary(`typed${slug}`), note: "seen" });
    await ask(base, "POST", "/v1/connections", { integration: slug, name: "wrong", vars: { nosuch: canary(`wrong${slug}`) } });
    await ask(base, "PUT", `/v1/endpoints/${slug}`, { integration: slug, webhook: "in", secrets: [canary(`hook${slug}`)] });
    await ask(base, "POST", `/hooks/${slug}`, { a: 1 }, { "X-Signature": "00" });
    await ask(base, "GET", `/v1/endpoints/${slug}/refusals`);
  }
}

const repeating = ["token", "keyed", "header", "signed"];

// The caller gets the provider's answer, with a credential that is new to the engine and without those that it knows;
// what is kept of it holds neither.
async function successesThatRepeat(base) {
  for (const slug of repeating) {
    for (const action of ["repeats", "cached", "cached", "memoised", "memoised"]) {
      const response = await fetch(`${base}/v1/integrations/${slug}/actions/${action}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
      const answer = await response.json();
      check(response.status === 200 && answer.access_token === canaries.issued && answer.known[0].endsWith("[redacted]") && answer.echo.includes("[redacted]"),
        `${slug}.${action} does not give its caller the answer: ${response.status} ${JSON.stringify(answer).slice(0, 200)}`);
      seen.push(JSON.stringify({ ...answer, access_token: "as promised" }));
      const run = await getJson(`${base}/v1/runs/${response.headers.get("junctor-run")}`);
      check(run.output.ok === true && run.output.access_token === "[redacted]" && run.output.known[0].includes("[redacted]"), `the kept output: ${JSON.stringify(run.output)}`);
    }
    const expanded = await getJson(`${base}/${slug}/works?expand=owner`);
    check(expanded.owner.pin === canaries.declared, `${slug}: what is expanded: ${JSON.stringify(expanded)}`);
    const pages = await ask(base, "GET", `/${slug}/pages`);
    check(pages.status === 200 && JSON.parse(pages.text).at(-1).known.endsWith("[redacted]"), `${slug}.pages: ${pages.status} ${pages.text.slice(-200)}`);
    const copied = await ask(base, "GET", `/${slug}/copy`);
    check(copied.status === 200 && copied.text.startsWith("a file\n") && copied.text.endsWith("\nits end") && copied.text.includes("*".repeat(24)),
      `${slug}: a file that repeats the credential: ${copied.status} ${copied.text}`);
    const within = await ask(base, "GET", `/${slug}/copy`, undefined, { Accept: "application/json" });
    const plain = Buffer.from(JSON.parse(within.text).base64, "base64").toString();
    check(plain.startsWith("a file\nof ") && plain.endsWith("\nits end"), `${slug}: a file in JSON: ${within.status} ${plain}`);
    seen.push(plain);
    await ask(base, "POST", "/v1/events", { topic: `${slug}.asked`, payload: { a: 1 } });
    await eventually(async () => (await getJson(`${base}/v1/runs?integration=${slug}&limit=500`)).runs
      .some((one) => one.kind === "catch" && one.status === "completed"), { what: `the catch of ${slug}` });
    const plugged = await fetch(`${base}/v1/integrations/${slug}/plug`, { method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ action: "repeats", input: {}, save: "kept" }) });
    const shown = await plugged.json();
    check(shown.output?.access_token === canaries.issued && shown.fixture.output.access_token === "[redacted]", `plug: ${JSON.stringify(shown).slice(0, 300)}`);
    for (const place of ["pages?page=60&", "copy?"])
      await ask(base, "POST", `/v1/integrations/${slug}/plug`, { path: `/${place}of=${slug}` });
    await ask(base, "POST", `/v1/integrations/${slug}/plug`, { action: "fails" });
    const file = JSON.parse((await ask(base, "POST", `/v1/integrations/${slug}/plug`, { action: "copy" })).text);
    for (const one of [file.output, file.fixture.output]) seen.push(Buffer.from(one.base64, "base64").toString());
  }
}

// The stream of everything that happened, from its beginning.
async function readStream(base) {
  const response = await fetch(`${base}/v1/events/stream?after=0`, { headers: { Accept: "text/event-stream" }, signal: AbortSignal.timeout(1500) });
  check(response.status === 200, `the stream: ${response.status}`);
  try {
    for await (const piece of response.body) seen.push(Buffer.from(piece).toString());
  } catch (error) {
    check(error.name === "TimeoutError", `the stream: ${error}`);
  }
}

async function callsStandWithTheirRun(base) {
  const { run } = await ask(base, "POST", "/v1/integrations/keyed/actions/works", {});
  const shown = await getJson(`${base}/v1/runs/${run}`);
  check(shown.calls.length === 1 && shown.calls[0].status === 200 && shown.calls[0].method === "GET",
    `the calls of a run: ${JSON.stringify(shown.calls)}`);
  check(shown.calls[0].url.endsWith("/works?key=%5Bredacted%5D"), `its URL: ${shown.calls[0].url}`);
  const { calls } = await getJson(`${base}/v1/runs/${run}/calls`);
  const [call] = calls;
  check(call.request.headers.some(([name, value]) => name === "X-Plain" && value === "shown"), "a plain header is not shown");
  check(call.response.headers.some(([name, value]) => name.toLowerCase() === "set-cookie" && value === "[redacted]"), "a cookie is shown");
  check(JSON.parse(call.response.body).ok === true && call.total_us > 0, `body or time: ${JSON.stringify(call)}`);
  const failed = await ask(base, "POST", "/v1/integrations/closed/actions/works", {});
  check(failed.status >= 500, `a closed port answers ${failed.status}`);
  const { runs } = await getJson(`${base}/v1/runs?integration=closed`);
  const last = await getJson(`${base}/v1/runs/${runs[0].id}`);
  check(last.calls.length >= 1 && last.calls[0].failure && last.calls[0].status === null, `a call without an answer: ${JSON.stringify(last.calls)}`);
  const posted = await ask(base, "POST", "/v1/integrations/header/actions/posts", { password: canaries.typedheader, note: "seen" });
  const body = (await getJson(`${base}/v1/runs/${posted.run}/calls`)).calls[0].request.body;
  check(body === '{"password":"[redacted]","note":"seen"}', `the recorded body: ${body}`);
}

function files(folder) {
  return fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
}

// What was typed into an action is its input, which a run keeps; everything else is a secret.
function scan(what, bytes) {
  for (const [name, text] of Object.entries(canaries)) {
    if (name.startsWith("typed")) continue;
    for (const form of [text, Buffer.from(text).toString("base64"), Buffer.from(text).toString("hex")]) {
      const at = bytes.indexOf(form);
      check(at < 0, `${what} holds the canary ${name}, behind: ${bytes.subarray(Math.max(0, at - 200), Math.max(0, at))}`);
    }
  }
}

// What stands in a backup, as bytes to search: of PostgreSQL's archive, which is compressed, as a script.
function readBackup(file, server) {
  if (!server) return fs.readFileSync(file);
  const script = spawnSync(program("pg_restore"), ["-f", "-", file], { maxBuffer: 1 << 30 });
  check(script.status === 0, `pg_restore: ${script.stderr}`);
  return script.stdout;
}

// Where the engine and its database keep things, once both have stopped.
async function keptBy(data, server) {
  if (!server) {
    const kept = files(data);
    check(kept.some((file) => file.endsWith("-wal")), "there is no write-ahead log to look at");
    return kept;
  }
  await server.halt();
  const kept = files(server.data);
  check(kept.some((file) => file.includes("pg_wal")), "there is no write-ahead log to look at");
  check(kept.some((file) => fs.readFileSync(file).includes(canaries.typedtoken)), "the search finds nothing in the database");
  return [...files(data), ...kept];
}

async function callEverything(base, slugs) {
  await connectAndFail(base, slugs);
  await successesThatRepeat(base);
  await callsStandWithTheirRun(base);
  await readStream(base);
  for (const place of ["/metrics", "/v1/connections", "/v1/runs?limit=500", "/v1/endpoints", "/v1/integrations", "/healthz", "/openapi.json"])
    await ask(base, "GET", place);
  for (const { id } of (await getJson(`${base}/v1/runs?limit=500`)).runs) {
    await ask(base, "GET", `/v1/runs/${id}`);
    await ask(base, "GET", `/v1/runs/${id}/calls`);
  }
}

async function scanEverything({ folder, data, engine, server }) {
  const backup = readBackup(path.join(folder, "backup.db"), server);
  // What is no secret of a connection is found by the same search, so that search works.
  check(backup.includes(canaries.typedtoken), "the search finds nothing");
  check(seen.some((text) => text.includes("token.asked")), "the stream showed no event");
  scan("the engine's output", Buffer.from(engine.output));
  scan("what the engine answered", Buffer.from(seen.join("\n")));
  scan("the backup", backup);
  const fixtures = files(path.join(folder, "project")).filter((file) => file.endsWith("kept.json"));
  check(fixtures.length === repeating.length, `fixtures: ${fixtures}`);
  for (const file of [...fixtures, ...await keptBy(data, server)]) scan(file, fs.readFileSync(file));
}

// server: a PostgreSQL; otherwise SQLite.
async function onStore(name, server) {
  const folder = tempDir(`secrets-${name}`);
  for (const all of [canaries, known]) for (const key of Object.keys(all)) delete all[key];
  seen.length = 0;
  for (const one of ["access", "refresh", "cookie", "issued", "declared"]) canary(one);
  const port = await provider();
  const plain = net.createServer((socket) => socket.on("error", () => {}).end("this is no TLS\r\n"));
  await new Promise((resolve) => plain.listen(0, "127.0.0.1", resolve));
  const slugs = project(path.join(folder, "project"), port, await freePort(), plain.address().port);
  const data = path.join(folder, "data");
  const enginePort = await freePort();
  const base = `http://127.0.0.1:${enginePort}`;
  const database = server ? ["--database-url", server.url] : [];
  // With a core limit and a working directory of its own, so that a dump would be found.
  const cores = path.join(folder, "cores");
  fs.mkdirSync(cores);
  const engine = new Process("/bin/sh", ["-c",
    `cd ${cores} && ulimit -c unlimited 2>/dev/null; exec ${binary("junctor")} serve --port ${enginePort} ` +
    `--data-dir ${data} ${database.join(" ")} --dev-no-auth --log-level debug ${path.join(folder, "project")}`]);
  await engine.ready(`${base}/readyz`);
  await callEverything(base, slugs);
  junctor(data, "backup", path.join(folder, "backup.db"), ...database);
  engine.child.kill("SIGABRT");
  const how = await engine.ended;
  check(how.signal === "SIGABRT", `the engine ended with ${JSON.stringify(how)}`);
  await scanEverything({ folder, data, engine, server });
  check(fs.readdirSync(cores).length === 0, `a core dump: ${fs.readdirSync(cores)}`);
}

await main(async () => {
  await onStore("sqlite");
  await onStore("postgres", await Postgres.start());
});
