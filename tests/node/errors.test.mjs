// The errors of credentials that need a provider, or a wrong definition, to happen: each with its type over HTTP,
// what the provider said kept, bounded and without the secrets it repeats.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";

import { Process, binary, check, freePort, main, sourceDir, tempDir } from "./support/processes.mjs";

const secret = "canary-client-4711";
const definition = (slug, url, auth, vars, more = "") => `slug: ${slug}
endpoints: {base_url: "${url}", token: "${url}/token"${more}}
auth: ${auth}
vars:
${vars.map((one) => `  ${one}: {type: password, required: false}`).join("\n")}
actions:
  get: {method: GET, path: /${slug}/get, api: {path: /get, retry: {attempts: 1}}}
  silent: {method: GET, path: /${slug}/silent, api: {path: /silent, retry: {attempts: 1}}}
  away: {method: GET, path: /${slug}/away, api: {path: "http://127.0.0.1:9/x", retry: {attempts: 1}}}
`;

const table = fs.readFileSync(path.join(sourceDir, "docs/credentials.md"), "utf8");

await main(async () => {
  const provider = http.createServer((request, response) => {
    if (request.url === "/silent") return request.socket.destroy();
    const said = `no: ${request.headers.authorization ?? ""} ${"x".repeat(20_000)}`;
    response.writeHead(request.url.startsWith("/token") ? 401 : 422, { "Content-Type": "application/json" });
    response.end(JSON.stringify(request.url.startsWith("/token")
      ? { error: "invalid_client", error_description: `unknown secret ${secret}` }
      : { code: "bad_thing", message: said, details: said }));
  });
  await new Promise((resolve) => provider.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${provider.address().port}`;
  const folder = tempDir("errors");
  const all = {
    refusing: definition("refusing", url, "{type: oauth2, oauth2: {grant: client_credentials}}", ["client_id", "client_secret"]),
    consenting: definition("consenting", url, "{type: oauth2, oauth2: {grant: authorization_code}}", ["client_id", "client_secret"], `, authorization: "${url}/authorize"`),
    keyed: definition("keyed", url, "{type: bearer}", ["token"]),
    bound: definition("bound", url, "{type: mtls}", ["certificate", "private_key"]),
  };
  for (const [slug, text] of Object.entries(all)) {
    fs.mkdirSync(path.join(folder, slug), { recursive: true });
    fs.writeFileSync(path.join(folder, slug, "integration.yaml"), text);
  }
  fs.writeFileSync(path.join(folder, "junctor.yaml"), `integrations: [${Object.keys(all).map((one) => `./${one}`)}]\n` +
    `settings: {allow_addresses: 127.0.0.0/8, data_dir: ${folder}/data}\n`);
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const engine = new Process(binary("junctor"), ["serve", "--port", port, "--dev-no-auth", folder]);
  await engine.ready(`${base}/readyz`);
  const post = async (place, body) => {
    const response = await fetch(base + place, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const text = await response.text();
    check(!text.includes(secret), `${place} repeats a secret: ${text.slice(0, 500)}`);
    return { status: response.status, text, body: JSON.parse(text) };
  };
  const connect = (integration, vars) => post("/v1/connections", { integration, vars });
  const refused = (what, { status, body, text }, wanted, code) => {
    check(status === wanted && body.code === code && body.type === `urn:junctor:problem:${code}` && body.detail,
      `${what}: ${status} ${text.slice(0, 500)}, expected ${wanted} ${code}`);
    check(table.includes(`| \`${code}\` |`), `docs/credentials.md lacks ${code}`);
  };
  const get = (slug) => post(`/v1/integrations/${slug}/actions/get`, {});

  await connect("refusing", { client_id: "me", client_secret: secret });
  const token = await get("refusing");
  refused("a token endpoint that refuses", token, 503, "provider_error");
  check(token.body.detail.includes("invalid_client") && token.body.detail.includes("401"), `its words: ${token.text}`);

  const json = async (where) => (await fetch(base + where)).json();
  const run = (await json("/v1/runs?integration=refusing")).runs[0].id;
  const { calls: asked } = await json(`/v1/runs/${run}/calls`);
  check(asked.length === 1 && asked[0].url.endsWith("/token") && asked[0].status === 401 && asked[0].request.body.includes("client_credentials")
    && asked[0].response.body.includes("invalid_client"), `the record of the token request: ${JSON.stringify(asked).slice(0, 800)}`);
  check(!JSON.stringify(asked).includes(secret), "the record holds the client's secret");

  const waiting = await connect("consenting", { client_id: "me", client_secret: secret });
  refused("consent that nobody gave", await get("consenting"), 409, "not_authorised");
  check(waiting.body.status === "needs_authorisation", waiting.text);

  await connect("keyed", { token: secret });
  const call = await get("keyed");
  refused("a call that is refused", call, 400, "provider_answer");
  check(call.body.provider.status === 422 && call.body.provider.code === "bad_thing" && call.body.provider.message.startsWith("no: Bearer [redacted]")
    || call.body.provider.message.startsWith("no: [redacted]"), `its words: ${call.text.slice(0, 300)}`);
  check(call.text.length < 8_000, `the answer has ${call.text.length} bytes`);
  const plugged = await post("/v1/integrations/keyed/plug", { action: "get", input: {} });
  const { provider: words } = plugged.body.failure;
  check(words.status === 422 && words.body.length > 100 && words.body.length <= 4_100, `a body of ${words.body.length} characters is kept`);
  refused("another host", await post("/v1/integrations/keyed/actions/away", {}), 403, "host_not_allowed");

  const silent = await post("/v1/integrations/keyed/actions/silent", {});
  check(silent.status === 503 && silent.body.type === "urn:junctor:problem:unavailable" && !silent.body.provider
    && silent.body.detail.includes("keyed: the connection with 127.0.0.1 broke"), `no answer: ${silent.text}`);

  await connect("bound", { certificate: "no pem", private_key: secret });
  refused("a certificate that is none", await get("bound"), 400, "credentials_invalid");
  check((await engine.stop()).code === 0, "the engine ended badly");
});
