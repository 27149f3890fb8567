// Which database a command works on: the one of the engine's project, wherever the command is started, and
// never a new one that somebody would take for it.
import fs from "node:fs";
import path from "node:path";
import { spawnSync } from "node:child_process";

import { Process, binary, check, freePort, main, tempDir } from "./support/processes.mjs";
import { Postgres } from "./support/postgres.mjs";

const junctor = binary("junctor");

function run(cwd, args, env = {}, input = "") {
  return spawnSync(junctor, args, { cwd, env: { ...process.env, ...env }, input, encoding: "utf8", timeout: 60_000 });
}

function succeeds(what, result, ...words) {
  check(result.status === 0, `${what}: exit code ${result.status}: ${result.stderr}`);
  for (const word of words) check(result.stdout.includes(word), `${what}: "${result.stdout}" lacks "${word}"`);
  return result.stdout;
}

function refused(what, result, ...words) {
  check(result.status === 1 && result.stdout === "", `${what}: exit code ${result.status}: ${result.stdout}${result.stderr}`);
  for (const word of words) check(result.stderr.includes(word), `${what}: "${result.stderr}" lacks "${word}"`);
}

const definition = "slug: shop\nendpoints: {base_url: http://127.0.0.1:9}\nauth: [{type: bearer}]\n" +
  "vars: {token: {type: password}}\nactions: {ask: {api: {path: /}}}\n";

// The data directory is named in the project, and counts from there.
function project(folder) {
  const here = path.join(folder, "project");
  fs.mkdirSync(path.join(here, "shop"), { recursive: true });
  fs.writeFileSync(path.join(here, "shop/integration.yaml"), definition);
  fs.writeFileSync(path.join(here, "junctor.yaml"),
    "integrations: [./shop]\nconnections:\n  - {integration: shop, vars: {token: \"${SHOP_TOKEN}\"}}\n" +
    "settings: {data_dir: ../kept, port: \"${SHOP_PORT:-8400}\"}\n");
  return here;
}

const needing = [["token", "create", "x"], ["token", "list"], ["token", "revoke", "018f0000-0000-7000-8000-000000000000"],
  ["keys", "rotate"], ["keys", "destroy", "default", "--confirm", "default"], ["migrate", "--status"], ["backup", "copy.db"],
  ["connections", "list"], ["connections", "show", "shop"], ["connections", "set", "shop", "--name", "y"],
  ["connections", "enable", "shop"], ["connections", "disable", "shop"], ["connections", "remove", "shop"],
  ["connections", "test", "shop"], ["connections", "authorise", "shop"], ["connections", "options", "shop", "x"]];

function nothingIsMade(folder) {
  const empty = path.join(folder, "empty");
  fs.mkdirSync(empty);
  for (const args of needing)
    refused(args.join(" "), run(empty, args), `there is no database at ${empty}/junctor-data/junctor.db`, "--project", "--data-dir", "junctor serve");
  check(fs.readdirSync(empty).length === 0, `made in an empty folder: ${fs.readdirSync(empty)}`);
  fs.mkdirSync(path.join(empty, "junctor-data"));
  fs.writeFileSync(path.join(empty, "junctor-data/junctor.db"), "");
  refused("an empty file", run(empty, ["keys", "rotate"]), "holds nothing of Junctor's");
}

async function theEnginesOwn(folder) {
  const here = project(folder);
  const port = String(await freePort());
  const engine = () => new Process(junctor, ["serve"], { SHOP_TOKEN: "canary", SHOP_PORT: port }, { cwd: here })
    .ready(`http://127.0.0.1:${port}/readyz`);
  const served = await engine();
  check(fs.existsSync(path.join(folder, "kept/junctor.db")), "the data directory counts from the project");
  const token = succeeds("in the project", run(here, ["token", "create", "mine"])).trim();
  const answer = await fetch(`http://127.0.0.1:${port}/v1/connections`, { headers: { Authorization: `Bearer ${token}` } });
  check(answer.status === 200, `the engine does not know the token: ${answer.status}`);
  const away = ["--project", here];
  succeeds("named", run(folder, ["token", "list", ...away]), "mine");
  succeeds("keys rotate", run(folder, ["keys", "rotate", ...away]), "1 tenants got a fresh key");
  for (const args of [["list"], ["show", "shop"], ["disable", "shop"], ["enable", "shop"], ["set", "shop", "--name", "other"], ["remove", "shop"]])
    succeeds(`connections ${args[0]}`, run(folder, ["connections", ...args, ...away]), "shop");
  succeeds("migrate", run(here, ["migrate"]), "0 steps applied");
  succeeds("its status", run(folder, ["migrate", "--status", ...away]), "vault 1");
  succeeds("backup", run(folder, ["backup", path.join(folder, "copy.db"), ...away]));
  succeeds("a flag wins", run(here, ["migrate", "--data-dir", path.join(folder, "own")]), "steps applied");
  check(!fs.existsSync(path.join(folder, "junctor-data")) && !fs.existsSync(path.join(here, "junctor-data")), "another database was made");
  await served.stop();
}

// Definitions in pieces do not keep a connection from being switched off.
function withBrokenDefinitions(folder) {
  const here = path.join(folder, "project");
  succeeds("add", run(here, ["connections", "add", "shop", "--name", "late", "--vars-file", "-"], {}, "{\"token\": \"t\"}"));
  fs.writeFileSync(path.join(here, "shop/integration.yaml"), `${definition}acions: {}\n`);
  const off = run(here, ["connections", "disable", "shop/late"]);
  succeeds("disable", off, "disabled");
  check(off.stderr.includes("acions"), `no warning: ${off.stderr}`);
  refused("test", run(here, ["connections", "test", "shop/late"]), "acions");
  fs.writeFileSync(path.join(here, "shop/integration.yaml"), definition);
}

function unsetSettings(folder) {
  const here = path.join(folder, "project");
  fs.writeFileSync(path.join(here, "junctor.yaml"), "integrations: [./shop]\nsettings: {data_dir: \"${SHOP_DATA}\"}\n");
  refused("an unset setting", run(here, ["token", "list"]), "junctor.yaml:2", "SHOP_DATA");
  const own = path.join(folder, "own");
  succeeds("a set one", run(here, ["token", "list"], { SHOP_DATA: own }));
  succeeds("a flag instead", run(here, ["token", "list", "--data-dir", own]));
}

async function onPostgres(folder) {
  const server = await Postgres.start();
  const data = path.join(folder, "beside");
  const where = ["--database-url", server.url.replace("postgres@", "postgres:hidden@"), "--data-dir", data];
  const none = run(folder, ["token", "list", ...where]);
  refused("an empty database", none, `postgres://127.0.0.1:${server.port}/postgres`, "holds nothing of Junctor's");
  check(!none.stderr.includes("hidden") && !fs.existsSync(data), `shown or made: ${none.stderr}`);
  succeeds("migrate", run(folder, ["migrate", ...where]), "steps applied");
  succeeds("its status", run(folder, ["migrate", "--status", ...where]), "applied");
}

await main(async () => {
  const folder = tempDir("workplace");
  nothingIsMade(folder);
  await theEnginesOwn(folder);
  withBrokenDefinitions(folder);
  unsetSettings(folder);
  await onPostgres(folder);
});
