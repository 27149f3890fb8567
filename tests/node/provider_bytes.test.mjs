// A provider may send any bytes: the answer, the run and its calls stay JSON, and a call that succeeded is one. On
// SQLite and on PostgreSQL, which takes neither bytes that are no UTF-8 nor zero bytes.
import fs from "node:fs";
import net from "node:net";
import path from "node:path";

import { Process, binary, check, freePort, main, tempDir } from "./support/processes.mjs";
import { Postgres } from "./support/postgres.mjs";

const answers = {
  text: { status: 200, type: "text/plain", body: "\xff\xfehello", output: "\ufffd\ufffdhello" },
  zero: { status: 200, type: "text/plain", body: "a\0b", output: "a\0b" },
  header: { status: 200, type: "application/json", body: "{}", output: {} },
  fault: { status: 400, type: "text/plain", body: "caf\xe9 bad" },
  message: { status: 400, type: "application/json", body: '{"message":"caf\xe9\\u0000"}' },
};

const provider = net.createServer((socket) => {
  socket.on("error", () => {});
  socket.once("data", (bytes) => {
    const { status, type, body } = answers[bytes.toString("latin1").match(/^GET \/(\w+)/)[1]];
    socket.end(Buffer.from(`HTTP/1.1 ${status} Caf\xe9\r\nConnection: close\r\nX-Name: caf\xe9\r\nContent-Type: ${type}\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body}`, "latin1"));
  });
});

const definition = (url) => `slug: odd
endpoints: {base_url: "${url}"}
actions:
${Object.keys(answers).map((name) => `  ${name}: {method: GET, path: /odd/${name}, api: {path: /${name}, retry: {attempts: 1}}}`).join("\n")}
`;

async function json(response, what) {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(await response.arrayBuffer());
  return { status: response.status, text: `${what}: ${text}`, body: JSON.parse(text) };
}

async function testWith(name, url, more) {
  const folder = tempDir(`bytes-${name}`);
  fs.mkdirSync(path.join(folder, "odd"));
  fs.writeFileSync(path.join(folder, "odd", "integration.yaml"), definition(url));
  fs.writeFileSync(path.join(folder, "junctor.yaml"), `integrations: [./odd]\nsettings: {allow_addresses: 127.0.0.0/8, data_dir: ${folder}/data}\n`);
  const base = `http://127.0.0.1:${await freePort()}`;
  const engine = new Process(binary("junctor"), ["serve", "--port", new URL(base).port, "--dev-no-auth", ...more, folder]);
  await engine.ready(`${base}/readyz`);
  for (const [action, wanted] of Object.entries(answers)) {
    const call = await json(await fetch(`${base}/v1/integrations/odd/actions/${action}`,
      { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" }), `${name}, ${action}`);
    check(call.status === wanted.status, call.text);
    if (wanted.status === 200) check(JSON.stringify(call.body) === JSON.stringify(wanted.output), call.text);
    else check(call.body.code === "provider_answer", call.text);
    const runs = await json(await fetch(`${base}/v1/runs?limit=1`), `${name}, runs`);
    const [{ id, subject }] = runs.body.runs;
    check(subject === action, `${name}, ${action} has no run: ${runs.text}`);
    const run = await json(await fetch(`${base}/v1/runs/${id}`), `${name}, run of ${action}`);
    check(run.status === 200 && run.body.status === (wanted.status === 200 ? "completed" : "failed"), run.text);
    const calls = await json(await fetch(`${base}/v1/runs/${id}/calls`), `${name}, calls of ${action}`);
    const header = calls.body.calls[0].response.headers.find(([one]) => one === "X-Name");
    check(header[1] === "caf\ufffd", calls.text);
  }
  await engine.stop();
}

await main(async () => {
  await new Promise((resolve) => provider.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${provider.address().port}`;
  await testWith("SQLite", url, []);
  await testWith("PostgreSQL", url, ["--database-url", (await Postgres.start()).url]);
  provider.close();
});
