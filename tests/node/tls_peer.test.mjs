// A provider that speaks HTTP/2 alone and lets in who has a certificate: its calls go out over HTTP/2, use
// connections again, and arrive whole when many are made at once, with a client key that has a passphrase and
// an authority that only this connection trusts.
import fs from "node:fs";
import http2 from "node:http2";
import path from "node:path";
import { spawnSync } from "node:child_process";

import { Process, binary, check, freePort, main, skip, tempDir } from "./support/processes.mjs";

function openssl(folder, ...args) {
  const result = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
  if (result.error) skip("the command openssl is not installed");
  check(result.status === 0, `openssl ${args.join(" ")}: ${result.stderr}`);
}

function certificates(folder) {
  const fresh = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", "2"];
  openssl(folder, "req", "-x509", ...fresh, "-nodes", "-keyout", "server.key", "-out", "server.pem",
    "-subj", "/CN=provider", "-addext", "subjectAltName=IP:127.0.0.1");
  openssl(folder, "req", "-x509", ...fresh, "-passout", "pass:open sesame", "-keyout", "client.key", "-out", "client.pem",
    "-subj", "/CN=our-client");
  const read = (name) => fs.readFileSync(path.join(folder, name), "utf8");
  return { serverKey: read("server.key"), server: read("server.pem"), clientKey: read("client.key"), client: read("client.pem") };
}

async function provider(pems) {
  const server = http2.createSecureServer({ key: pems.serverKey, cert: pems.server, ca: pems.client,
    requestCert: true, rejectUnauthorized: true, allowHTTP1: false });
  const stats = { sessions: 0 };
  server.on("session", () => (stats.sessions += 1));
  server.on("sessionError", () => {});
  server.on("tlsClientError", () => {});
  server.on("stream", (stream, headers) => {
    const size = Number(headers[":path"].split("/")[2] ?? 0);
    stream.respond({ ":status": 200, "content-type": "application/json" });
    stream.end(JSON.stringify({ client: stream.session.socket.getPeerCertificate().subject.CN,
      protocol: stream.session.alpnProtocol, filler: "x".repeat(size) }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: server.address().port, stats };
}

await main(async () => {
  const folder = tempDir("tls-peer");
  const pems = certificates(folder);
  const { port: providerPort, stats } = await provider(pems);
  const project = path.join(folder, "project");
  fs.mkdirSync(project);
  fs.writeFileSync(path.join(project, "integration.yaml"), `
slug: bank
endpoints: {base_url: "https://127.0.0.1:${providerPort}"}
auth: [{type: mtls, mtls: {passphrase: =vars.passphrase, ca: =vars.ca}}]
vars:
  certificate: {type: textarea}
  private_key: {type: password}
  passphrase: {type: password, required: false}
  ca: {type: textarea, required: false}
actions:
  get: {params: {size: {}}, api: {method: GET, path: "/things/{size}", retry: {attempts: 1}}}
`);
  const enginePort = await freePort();
  const base = `http://127.0.0.1:${enginePort}`;
  const engine = new Process(binary("junctor"), ["serve", "--port", String(enginePort), "--dev-no-auth", "--threads", "1",
    "--allow-addresses", "127.0.0.0/8", "--data-dir", path.join(folder, "data"), project]);
  await engine.ready(`${base}/readyz`);
  const post = async (place, body, headers = {}) => {
    const response = await fetch(base + place, { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  };
  const connect = async (name, vars) => {
    const made = await post("/v1/connections", { integration: "bank", name, vars });
    check(made.status === 201, `the connection ${name}: ${JSON.stringify(made.body)}`);
  };
  const call = (name, size = 0) => post("/v1/integrations/bank/actions/get", { size: String(size) }, { "Junctor-Connection": name });

  const vars = { certificate: pems.client, private_key: pems.clientKey, passphrase: "open sesame", ca: pems.server };
  await connect("good", vars);
  await connect("locked", { ...vars, passphrase: "guess" });
  await connect("stranger", { ...vars, ca: pems.client });

  const first = await call("good");
  check(first.status === 200 && first.body.client === "our-client" && first.body.protocol === "h2", JSON.stringify(first));
  const sizes = Array.from({ length: 40 }, (_, i) => i * 20_000);
  const whole = ({ status, body }, i) => check(status === 200 && body.filler.length === sizes[i], `call ${i}: ${status}`);
  for (const [i, size] of sizes.entries()) whole(await call("good", size), i);
  check(stats.sessions === 1, `${stats.sessions} connections were made for calls that can share one`);
  for (let round = 0; round < 3; ++round) (await Promise.all(sizes.map((size) => call("good", size)))).forEach(whole);
  check(stats.sessions <= sizes.length, `${stats.sessions} connections were made where ${sizes.length} can be used again`);

  const locked = await call("locked");
  check(locked.body.code === "credentials_invalid" && locked.body.detail.includes("mtls.passphrase does not open"), JSON.stringify(locked));
  const stranger = await call("stranger");
  check(stranger.status >= 400 && stranger.body.detail.includes("cannot be trusted"), JSON.stringify(stranger));
});
