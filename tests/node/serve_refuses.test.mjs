// What keeps `junctor serve` from starting is one clear line and exit code 1; what is wrong with a
// definition is told in one pass; bodies that are wrong are answered as problems.
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { spawnSync } from "node:child_process";

import {
  Process, binary, check, freePort, getJson, main, sourceDir, tempDir,
} from "./support/processes.mjs";

const junctor = binary("junctor");
const environment = {
  ...process.env,
  CHAT_URL: "http://127.0.0.1:9", CHAT_TOKEN: "t", GITHUB_WEBHOOK_SECRET: "s",
};
const example = path.join(sourceDir, "examples/github-to-chat");

function serve(dataDir, port = "0", project = example) {
  return spawnSync(junctor,
    ["serve", "--port", String(port), "--data-dir", dataDir, "--dev-no-auth", project],
    { env: environment, encoding: "utf8", timeout: 20_000 });
}

// The command failed with code 1 and said why in one line that contains each of the words.
function failsWithOneLine(what, result, ...words) {
  const lines = result.stderr.trim().split("\n").filter((line) => line.startsWith("junctor:"));
  check(result.status === 1, `${what}: exit code ${result.status}, expected 1; ${result.stderr}`);
  check(lines.length === 1, `${what}: ${lines.length} lines, expected 1: ${result.stderr}`);
  for (const word of words)
    check(lines[0].includes(word), `${what}: "${lines[0]}" does not name "${word}"`);
  check(!/\.cpp:\d+/.test(lines[0]), `${what}: the line shows source code: ${lines[0]}`);
}

async function portInUse(folder) {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  failsWithOneLine("a port in use", serve(path.join(folder, "port"), port), String(port));
  await new Promise((resolve) => server.close(resolve));
}

function unwritableDirectory(folder) {
  const file = path.join(folder, "a-file");
  fs.writeFileSync(file, "");
  failsWithOneLine("an unwritable directory", serve(path.join(file, "data")), "a-file");
}

// The database says that a later version of this program has written to it.
function newerDatabase(folder) {
  const data = path.join(folder, "newer");
  const migrated = spawnSync(junctor, ["migrate", "--data-dir", data], { encoding: "utf8", timeout: 20_000 });
  check(migrated.status === 0, `junctor migrate: ${migrated.stderr}`);
  const changed = spawnSync("sqlite3", [path.join(data, "junctor.db"),
    "UPDATE schema_migrations SET version = version + 100 WHERE room = 'queue'"], { encoding: "utf8" });
  if (changed.error) return console.log("a newer database is not tried: sqlite3 is not installed");
  check(changed.status === 0, `sqlite3: ${changed.stderr}`);
  failsWithOneLine("a newer database", serve(data), "newer");
}

// Every problem at once, with file, line and path, and the right word for the misspelt key.
function wrongDefinition(folder) {
  const project = path.join(folder, "wrong");
  fs.mkdirSync(path.join(project, "chat"), { recursive: true });
  fs.writeFileSync(path.join(project, "junctor.yaml"), "integrations: [./chat]\n");
  fs.writeFileSync(path.join(project, "chat/integration.yaml"), [
    "slug: chat",
    "endpoints: {baseUrl: https://chat.example.com}",
    "actions:",
    "  post:",
    "    api:",
    "      metod: POST",
    "      path: /a/{who}",
    "",
  ].join("\n"));
  const result = serve(path.join(folder, "wrong-data"), "0", project);
  check(result.status === 1, `a wrong definition: exit code ${result.status}; ${result.stderr}`);
  const said = result.stderr + result.stdout;
  for (const words of ["integration.yaml:2", "base_url", "integration.yaml:6", "method"])
    check(said.includes(words), `a wrong definition: "${words}" is not told in: ${said}`);
}

async function wrongBodies(folder) {
  const port = await freePort();
  const engine = new Process(junctor, ["serve", "--port", port, "--data-dir",
    path.join(folder, "bodies"), "--dev-no-auth", example], environment);
  await engine.ready(`http://127.0.0.1:${port}/readyz`);
  const url = `http://127.0.0.1:${port}/v1/integrations/chat/actions/post_message`;
  const post = async (body) => {
    const response = await fetch(url, {
      method: "POST", body,
      headers: { "Content-Type": "application/json", "Junctor-Connection": "team" },
    });
    return { status: response.status, type: response.headers.get("content-type") ?? "",
      text: await response.text() };
  };
  const expectations = [
    ["{ this is no JSON", 400, []],
    ["x".repeat(1024 * 1024 + 1), 413, []],
    ['{"channel": {"a": 1}}', 422, ["channel", "text"]],
  ];
  for (const [body, status, words] of expectations) {
    const answer = await post(body);
    const what = `${body.slice(0, 30)} (${body.length} bytes)`;
    check(answer.status === status, `${what}: ${answer.status}, expected ${status}: ${answer.text}`);
    check(answer.type.startsWith("application/problem+json"), `${what}: Content-Type ${answer.type}`);
    for (const word of words)
      check(answer.text.includes(word), `${what}: "${word}" is not told in ${answer.text}`);
    check(!/\.cpp|0x[0-9a-f]{6}/.test(answer.text), `${what}: the answer shows source code`);
  }
  await getJson(`http://127.0.0.1:${port}/v1/runs`);
  const how = await engine.stop();
  check(how.code === 0, `the engine ended with ${JSON.stringify(how)}`);
}

await main(async () => {
  const folder = tempDir("refuses");
  await portInUse(folder);
  unwritableDirectory(folder);
  newerDatabase(folder);
  wrongDefinition(folder);
  await wrongBodies(folder);
  console.log("a port in use, an unwritable directory, a wrong definition and wrong bodies are refused clearly");
});
