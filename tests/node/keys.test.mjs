// Root keys and tenants' keys as an operator meets them: a command that prints them, processes that
// rotate or start at once, a wrong key before a migration, a destroyed key and the way back.
import fs from "node:fs";
import path from "node:path";
import { spawn, spawnSync } from "node:child_process";

import { Process, binary, check, freePort, main, tempDir } from "./support/processes.mjs";

const junctor = binary("junctor");
const run = (args, env = {}) => spawnSync(junctor, args, { env: { ...process.env, ...env }, encoding: "utf8", timeout: 60_000 });

function start(args) {
  const child = spawn(junctor, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (output += bytes));
  return new Promise((resolve) => child.once("close", (status) => resolve({ status, output })));
}

function succeeded(what, result) {
  check(result.status === 0, `${what}: exit code ${result.status}; ${result.stderr ?? result.output}`);
  return result;
}

const definition = "slug: shop\nendpoints: {base_url: http://127.0.0.1:9}\nauth: [{type: bearer}]\n" +
  "vars: {token: {type: password}}\nactions: {ask: {api: {path: /}}}\n";

function projectOf(folder) {
  const project = path.join(folder, "definitions");
  fs.mkdirSync(path.join(project, "shop"), { recursive: true });
  fs.writeFileSync(path.join(project, "shop/integration.yaml"), definition);
  fs.writeFileSync(path.join(project, "junctor.yaml"), "integrations: [./shop]\n");
  return project;
}

function varsOf(folder) {
  const file = path.join(folder, "vars.json");
  fs.writeFileSync(file, "{\"token\": \"canary\"}");
  return file;
}

// A command that may make the database.
const firstStart = (folder, data, more = []) =>
  run(["connections", "add", "shop", "--vars-file", varsOf(folder), "--project", projectOf(folder), "--data-dir", data, ...more]);

async function manyAtOnce(folder) {
  const data = path.join(folder, "shared");
  const project = projectOf(folder);
  const first = await Promise.all(["a", "b", "c"].map((name) =>
    start(["connections", "add", "shop", "--name", name, "--vars-file", varsOf(folder), "--project", project, "--data-dir", data])));
  first.forEach((one) => succeeded("a first start of three", one));
  for (let round = 0; round < 5; ++round) {
    const all = await Promise.all([1, 2, 3].map(() => start(["keys", "rotate", "--data-dir", data])));
    for (const one of all)
      check(one.status === 0 || one.output.includes("a rotation is running already"), `a rotation of three: ${one.output}`);
    check(all.some((one) => one.status === 0), `one of three rotates: ${all.map((one) => one.output)}`);
    succeeded("what follows", run(["connections", "list", "--data-dir", data]));
  }
  check(fs.readFileSync(path.join(data, "root.key"), "utf8").trim().split("\n").length === 1, "one root key is left");
}

function commandThatPrints(folder) {
  const key = succeeded("keys generate", run(["keys", "generate"])).stdout.trim();
  const data = path.join(folder, "command");
  succeeded("a flag", firstStart(folder, data, ["--root-key-command", `echo ${key}`]));
  succeeded("a variable", run(["connections", "list", "--data-dir", data], { JUNCTOR_ROOT_KEY_COMMAND: `echo ${key}` }));
  check(!fs.existsSync(path.join(data, "root.key")), "no key file is made beside a command");
  const endless = run(["connections", "list", "--data-dir", data, "--root-key-command", "yes"]);
  check(endless.status === 1 && endless.stderr.includes("no list of root keys"), `an endless command: ${endless.status} ${endless.stderr}`);
}

function wrongKeyBeforeMigration(folder) {
  const data = path.join(folder, "older");
  succeeded("a first start", firstStart(folder, data));
  const database = path.join(data, "junctor.db");
  const sql = (text) => spawnSync("sqlite3", [database, text], { encoding: "utf8" });
  if (sql("DELETE FROM schema_migrations WHERE room = 'vault' AND version = 4").error)
    return console.log("an older database is not tried: sqlite3 is not installed");
  const steps = () => sql("SELECT count(*) FROM schema_migrations WHERE room = 'vault' AND version = 4").stdout.trim();
  for (const command of [["serve", "--port", "0", "--dev-no-auth"], ["migrate"]]) {
    const wrong = run([...command, "--data-dir", data], { JUNCTOR_ROOT_KEY: run(["keys", "generate"]).stdout.trim() });
    check(wrong.status === 1 && wrong.stderr.includes("Nothing was changed"), `${command[0]} with a wrong key: ${wrong.status} ${wrong.stderr}`);
    check(steps() === "0", `${command[0]}: a wrong key is refused before the migrations`);
  }
  sql("ALTER TABLE vault_rotation DROP COLUMN holder; ALTER TABLE vault_rotation DROP COLUMN lease_until");
  check(succeeded("migrate", run(["migrate", "--data-dir", data])).stdout === "1 step applied\n", "the right key migrates");
  check(steps() === "1", "the step is applied");
}

async function destroyedAndMended(folder) {
  const project = path.join(folder, "project");
  const data = path.join(folder, "destroyed");
  fs.mkdirSync(path.join(project, "shop"), { recursive: true });
  fs.writeFileSync(path.join(project, "shop/integration.yaml"), definition);
  fs.writeFileSync(path.join(project, "junctor.yaml"),
    "integrations: [./shop]\nconnections:\n  - {integration: shop, name: default, vars: {token: \"${SHOP_TOKEN}\"}}\n");
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const serve = () => new Process(junctor, ["serve", "--port", String(port), "--data-dir", data, "--dev-no-auth",
    "--allow-addresses", "127.0.0.0/8", project], { SHOP_TOKEN: "canary" }).ready(`${base}/readyz`);
  const ask = async (method, place, body) => {
    const answer = await fetch(base + place, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
    return { status: answer.status, json: await answer.json() };
  };
  const call = () => ask("POST", "/v1/integrations/shop/actions/ask", {});
  let engine = await serve();
  const [{ id, vars }] = (await ask("GET", "/v1/connections")).json.items;
  check(vars.token === "••••••••", `a mask: ${JSON.stringify(vars)}`);
  check((await call()).json.code !== "secrets_destroyed", "the call before");

  const nobody = run(["keys", "destroy", "nobody", "--confirm", "nobody", "--data-dir", data]);
  check(nobody.status === 1 && nobody.stderr.includes("nothing was destroyed"), `a tenant without keys: ${nobody.status} ${nobody.stderr}`);
  succeeded("keys destroy", run(["keys", "destroy", "default", "--confirm", "default", "--data-dir", data]));
  const after = await call();
  check(after.status === 409 && after.json.code === "secrets_destroyed", `the call after: ${JSON.stringify(after)}`);
  const seen = (await ask("GET", `/v1/connections/${id}`)).json;
  check(seen.status === "needs_vars" && !("token" in seen.vars), `what is seen: ${JSON.stringify(seen)}`);
  for (const change of [{ enabled: false }, { enabled: true }, { name: "other" }, { name: "default" }, { vars: { token: "again" } }]) {
    const answer = await ask("PATCH", `/v1/connections/${id}`, change);
    check(answer.status === 200, `${JSON.stringify(change)}: ${JSON.stringify(answer)}`);
  }
  check((await call()).json.code !== "secrets_destroyed", "the call with a token that was entered again");

  succeeded("keys destroy", run(["keys", "destroy", "default", "--confirm", "default", "--data-dir", data]));
  await engine.stop();
  engine = await serve();
  check((await ask("GET", `/v1/connections/${id}`)).json.status === "ready", "the project gives the secret again");
  await engine.stop();
}

await main(async () => {
  const folder = tempDir("keys");
  commandThatPrints(folder);
  await manyAtOnce(folder);
  wrongKeyBeforeMigration(folder);
  await destroyedAndMended(folder);
});
