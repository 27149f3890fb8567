// What a request with secrets passed through is zeroed: neither its body nor the header of a call stands
// in the engine's memory afterwards. Parsed JSON may (docs/credentials.md): only whole lines are looked for.
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";

import { Process, binary, check, freePort, main, skip, tempDir } from "./support/processes.mjs";

// How often each text stands in the memory of the process; null when this user may not read it.
function count(pid, texts) {
  let memory;
  try {
    memory = fs.openSync(`/proc/${pid}/mem`, "r");
  } catch {
    return null;
  }
  const found = texts.map(() => 0);
  for (const line of fs.readFileSync(`/proc/${pid}/maps`, "utf8").split("\n")) {
    const [range, access, , , , name] = line.split(/\s+/);
    if (!access?.startsWith("rw") || name === "[vvar]") continue;
    const [begin, end] = range.split("-").map((text) => parseInt(text, 16));
    const bytes = Buffer.alloc(end - begin);
    try {
      fs.readSync(memory, bytes, 0, bytes.length, begin);
    } catch {
      continue;
    }
    texts.forEach((text, i) => {
      for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) ++found[i];
    });
  }
  fs.closeSync(memory);
  return found;
}

await main(async () => {
  const folder = tempDir("memory");
  const seen = [];
  const provider = http.createServer((request, response) => {
    seen.push(request.headers["x-key"]);
    response.end("{}");
  });
  await new Promise((resolve) => provider.listen(0, "127.0.0.1", resolve));
  fs.mkdirSync(path.join(folder, "shop"));
  fs.writeFileSync(path.join(folder, "shop/integration.yaml"),
    `slug: shop\nendpoints: {base_url: "http://127.0.0.1:${provider.address().port}"}\n` +
    "auth: [{type: api_key, api_key: {in: header, name: X-Key}}]\nvars: {api_key: {type: password}}\nactions: {ask: {api: {path: /}}}\n");
  fs.writeFileSync(path.join(folder, "junctor.yaml"), "integrations: [./shop]\nsettings: {allow_addresses: 127.0.0.0/8}\n");
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const engine = await new Process(binary("junctor"),
    ["serve", "--port", String(port), "--data-dir", path.join(folder, "data"), "--dev-no-auth", folder]).ready(`${base}/readyz`);
  if (count(engine.pid, [Buffer.from("x")]) === null) skip("this user may not read the engine's memory");

  const ask = async (method, place, body) => {
    const answer = await fetch(base + place, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
    return { status: answer.status, text: await answer.text() };
  };
  const texts = [];
  for (const bytes of [20, 2_000, 20_000]) {
    const canary = crypto.randomBytes(bytes).toString("hex");
    const made = await ask("POST", "/v1/connections", { integration: "shop", name: `of ${bytes}`, vars: { api_key: canary } });
    check(made.status === 201, `a connection: ${made.status} ${made.text}`);
    const { id } = JSON.parse(made.text);
    if (bytes < 2_000) {
      for (let i = 0; i < 3; ++i)
        await fetch(`${base}/v1/integrations/shop/actions/ask`, { method: "POST",
          headers: { "Content-Type": "application/json", "Junctor-Connection": id }, body: "{}" });
      check(seen.includes(canary), "the provider gets the key");
      texts.push(`X-Key: ${canary.slice(0, 32)}`);
    }
    await ask("DELETE", `/v1/connections/${id}`);
    texts.push(`"api_key":"${canary.slice(0, 32)}`);
  }
  const found = count(engine.pid, texts.map((text) => Buffer.from(text)));
  check(found.every((times) => times === 0), `what stands in memory of ${texts.map((text) => text.slice(0, 12))}: ${found}`);
  await engine.stop();
  provider.close();
});
