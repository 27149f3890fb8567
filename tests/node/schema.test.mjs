// `junctor schema`: documents behind references over HTTP and why one cannot be had, files as batches, output that
// cannot be written.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";

import { binary, check, main, tempDir } from "./support/processes.mjs";
import { run } from "./support/shop.mjs";

const folder = tempDir("schema");
function file(name, value) {
  const place = path.join(folder, name);
  fs.writeFileSync(place, typeof value === "string" ? value : JSON.stringify(value));
  return place;
}
const validate = (...args) => run([binary("junctor"), "schema", "validate", ...args], "1");

function answer(request, response) {
  if (request.url === "/good") response.end('{"type": "string"}');
  else if (request.url === "/bad") response.end("<html>");
  else if (request.url === "/large") response.end(`"${"x".repeat(9 << 20)}"`);
  else response.writeHead(404).end();
}

async function fetched(url) {
  const said = async (place, ...args) => {
    const result = await validate("--schema", file("s.json", { $ref: url + place }), ...args);
    return result.status + " " + result.stdout + result.stderr;
  };
  const good = await said("/good");
  check(good.startsWith("1 ") && good.includes(`expected string (${url}/good#/type)`), `a document that is there: ${good}`);
  for (const [place, why] of [["/none", "the server answers 404"], ["/bad", "it is no JSON"], ["/large", "it is larger than 8 MiB"]]) {
    const text = await said(place);
    check(text.includes(`${url}${place}', a document that is not known (${why}`), `${place}: ${text}`);
  }
  const offline = await said("/good", "--offline");
  check(offline.includes("(nothing is fetched with --offline)"), `--offline: ${offline}`);
}

async function batches() {
  const lines = file("b.jsonl", '{"schema": {"type": "integer"}, "instance": "x"}\n');
  const fromFile = await validate("--batch", lines);
  check(fromFile.status === 0 && JSON.parse(fromFile.stdout).valid === false, `a batch in a file: ${JSON.stringify(fromFile)}`);
  const misuse = await validate("--batch", "--schema", file("s.json", {}), lines);
  check(misuse.status === 2 && misuse.stdout === "", `--schema with --batch: ${JSON.stringify(misuse)}`);
}

function full() {
  const to = fs.openSync("/dev/full", "w");
  for (const args of [["schema", "validate", "--schema", file("s.json", {}), file("d.json", "1")], ["jsonata", "1+1", "-"]]) {
    const result = spawnSync(binary("junctor"), args, { stdio: ["pipe", to, "pipe"], input: "1", encoding: "utf8" });
    check(result.status === 1 && result.stderr.includes("the output cannot be written"), `${args[0]} on a full disk: ${result.status} ${result.stderr}`);
  }
  fs.closeSync(to);
}

await main(async () => {
  const server = http.createServer(answer);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  await fetched(`http://127.0.0.1:${server.address().port}`);
  server.close();
  await batches();
  full();
});
