// Files that actions in C++ take over HTTP: as a whole body, as parts of a form, and from the plug.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";

import { Process, binary, check, freePort, main, tempDir } from "./support/processes.mjs";

const actions = "/v1/integrations/coded/actions/";

async function listen(serve) {
  const server = http.createServer(serve);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${server.address().port}` };
}

class Engine {
  static async start(folder, url) {
    const out = new Engine();
    const port = await freePort();
    out.base = `http://127.0.0.1:${port}`;
    fs.writeFileSync(path.join(folder, "junctor.yaml"), `connections: [{integration: coded, vars: {base_url: "${url}"}}]\n`);
    out.process = new Process(binary("junctor_coded_files"), ["serve", folder, "--port", port, "--dev-no-auth", "--allow-addresses", "127.0.0.0/8",
      "--data-dir", path.join(folder, "data")]);
    await out.process.ready(`${out.base}/readyz`);
    return out;
  }
  async send(place, body, headers = {}) {
    const response = await fetch(this.base + place, { method: "POST", body, headers });
    const text = await response.text();
    return { status: response.status, text, body: JSON.parse(text), run: response.headers.get("Junctor-Run") };
  }
  form(place, parts) {
    const form = new FormData();
    for (const [name, value, filename] of parts) filename === undefined ? form.append(name, value) : form.append(name, new Blob([value], { type: "text/csv" }), filename);
    return this.send(place, form);
  }
  async get(place) {
    return (await fetch(this.base + place)).json();
  }
}

const content = "name;left\nAda;2026\n".repeat(5000);

async function wholeBodies(engine, kept) {
  const answer = await engine.send(`${actions}import?year=2026`, content, { "Content-Type": "text/csv", "Content-Disposition": 'attachment; filename="people.csv"' });
  check(answer.status === 200, answer.text);
  const { content: read, kept: passedOn, ...rest } = answer.body;
  check(read === content && passedOn.bytes === content.length, `read ${read.length}, given on: ${JSON.stringify(passedOn)}`);
  check(JSON.stringify(rest) === JSON.stringify({ filename: "people.csv", content_type: "text/csv", year: 2026, size_bytes: content.length }), JSON.stringify(rest));
  check(kept.at(-1) === content, "the file was not given on from its start");
  const run = await engine.get(`/v1/runs/${answer.run}`);
  check(run.status === "completed" && run.counters.uploaded_bytes === content.length && run.input.list === "people.csv", JSON.stringify({ ...run, output: null }));
  const unnamed = await engine.send(`${actions}import?year=2026`, "a", { "Content-Type": "application/octet-stream" });
  check(unnamed.status === 200 && unnamed.body.content === "a", unnamed.text);
}

async function forms(engine) {
  const one = await engine.form(`${actions}import`, [["input", '{"year": 2026}'], ["list", "a;b", "x.csv"]]);
  check(one.status === 200 && one.body.content === "a;b" && one.body.year === 2026 && one.body.content_type === "text/csv", one.text);
  const two = await engine.form(`${actions}pair`, [["year", "2026"], ["second", "2", "2.csv"], ["first", "1", "1.csv"]]);
  check(two.status === 200 && two.body.content === "1" && two.body.second === "2", two.text);
  const alone = await engine.form(`${actions}pair`, [["year", "2026"], ["first", "1", "1.csv"]]);
  check(alone.status === 200 && alone.body.second === null, alone.text);
}

async function refusals(engine, kept) {
  const before = kept.length;
  const refused = (answer, at, found) =>
    check(answer.status === 422 && answer.body.code === "input_invalid" && answer.body.errors.some((one) => one.path === at && one.message.startsWith(found)), answer.text);
  const json = { "Content-Type": "application/json" };
  refused(await engine.send(`${actions}import`, '{"year": 2026}', json), "list", "found no file");
  refused(await engine.send(`${actions}import`, '{"year": 2026, "list": "a;b"}', json), "list", "found a member of the input");
  refused(await engine.form(`${actions}import`, [["input", '{"year": 2026}'], ["list", "a", "a"], ["lst", "b", "b"]]), "lst", "found a file of this name");
  refused(await engine.send(`${actions}import?year=soon`, content, { "Content-Type": "text/csv" }), "year", "found string");
  const raw = await engine.send(`${actions}pair?year=2026`, content, { "Content-Type": "text/csv" });
  check(raw.status === 400 && raw.text.includes("or multipart/form-data with the files as parts"), `a whole body where two files are taken: ${raw.text}`);
  check(kept.length === before, "something was sent for a call that was refused");
  const { actions: described } = await engine.get("/v1/integrations/coded");
  const told = described.find((one) => one.slug === "import");
  check(JSON.stringify(told.files) === '[{"name":"list","required":true}]' && !("list" in told.input.properties), JSON.stringify(told));
}

async function faultsOfHandlers(engine) {
  const answer = await engine.send(`${actions}breaks?year=2026`, "a;b", { "Content-Type": "text/csv" });
  check(answer.status === 500 && answer.run && !answer.text.includes("of its own kind"), answer.text);
  const run = await engine.get(`/v1/runs/${answer.run}`);
  check(run.status === "failed" && run.error.kind === "bug" && run.calls.length === 1 && run.counters.uploaded_bytes === 3, JSON.stringify(run));
}

async function plugged(engine) {
  const answer = await engine.form("/v1/integrations/coded/plug", [["question", '{"action": "import", "input": {"year": 2026}}'], ["list", "a;b", "x.csv"]]);
  check(answer.status === 200 && answer.body.output?.content === "a;b", answer.text);
}

await main(async () => {
  const kept = [];
  const { server, url } = await listen(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    kept.push(body);
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ bytes: body.length }));
  });
  const engine = await Engine.start(tempDir("coded"), url);
  await wholeBodies(engine, kept);
  await forms(engine);
  await refusals(engine, kept);
  await faultsOfHandlers(engine);
  await plugged(engine);
  const { code } = await engine.process.stop();
  check(code === 0, `the engine ended with ${code}`);
  server.closeAllConnections();
  server.close();
});
