// Who may call a running engine: API tokens with scopes, expiry and last use, JWTs against a JWKS whose
// keys change, and the development switch that stays on loopback.
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { spawnSync } from "node:child_process";

import { Issuer, junctor } from "./support/callers.mjs";
import { Process, binary, check, freePort, main, sourceDir, tempDir } from "./support/processes.mjs";

const definition = `
slug: demo
endpoints: {base_url: "http://127.0.0.1:9"}
actions:
  public_list: {method: GET, path: /demo/list, scopes: ["demo:read"], api: {path: /things}, expandable: [{field: owner, model: person, action: people}]}
  people: {scopes: ["demo:people"], api: {path: /people}}
  pay: {api: {method: POST, path: /pay}}
`;

const status = async (url, token, method = "GET") => {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const response = await fetch(url, { method, headers });
  return { status: response.status, challenge: response.headers.get("www-authenticate"), body: await response.text() };
};
const expectStatus = (what, got, wanted) =>
  check(got.status === wanted, `${what}: ${got.status}, expected ${wanted}: ${got.body}`);

async function tokens(base, data, project) {
  expectStatus("no token", await status(`${base}/v1/runs`), 401);
  expectStatus("an unknown token", await status(`${base}/v1/runs`, "jct_" + "a".repeat(43)), 401);
  const reader = junctor(data, "token", "create", "reader", "--scopes", "runs:read");
  expectStatus("a token with the scope", await status(`${base}/v1/runs`, reader), 200);
  expectStatus("a token without the scope", await status(`${base}/v1/events`, reader), 403);
  expectStatus("an action's own scope", await status(`${base}/demo/list`, reader), 403);
  const demo = junctor(data, "token", "create", "demo", "--scopes", "demo:*", "--project", project);
  check((await status(`${base}/demo/list`, demo)).status !== 403, "demo:* does not grant demo:read");
  const lister = junctor(data, "token", "create", "lister", "--scopes", "demo:read", "--project", project);
  check((await status(`${base}/demo/list`, lister)).status !== 403, "demo:read does not grant demo:read");
  expectStatus("what another action gives, by ?expand=", await status(`${base}/demo/list?expand=owner`, lister), 403);
  check((await status(`${base}/demo/list?expand=owner`, demo)).status !== 403, "demo:* does not grant what is expanded");
  const pay = `${base}/v1/integrations/demo/actions/pay`;
  expectStatus("an action without scopes, by a token that reads", await status(pay, reader, "POST"), 403);
  const caller = junctor(data, "token", "create", "caller", "--scopes", "actions:call");
  check((await status(pay, caller, "POST")).status !== 403, "actions:call does not grant an action without scopes");
  await strongerTokens(base, data);
  await unknownScopes(base, data, project);
  expectStatus("a token in the query", await status(`${base}/v1/runs?access_token=${reader}`), 401);
  const listed = JSON.parse(junctor(data, "token", "list", "--json"));
  const id = listed.find((token) => token.name === "reader").id;
  check(!JSON.stringify(listed).includes(reader), "the list shows a token's text");
  return { reader, id };
}

// A word that nothing asks for is a slip of the pen; what there is stands in the refusal.
async function unknownScopes(base, data, project) {
  const asked = new Set(fs.readdirSync(path.join(sourceDir, "src/api")).flatMap((file) =>
    fs.readFileSync(path.join(sourceDir, "src/api", file), "utf8").match(/(?<=")[a-z]+:(read|write|call)(?=")/g) ?? []));
  for (const scopes of ["nonsense", "runs:read run:read", "rnus:*", "demo:write"]) {
    const made = spawnSync(binary("junctor"), ["token", "create", "x", "--scopes", scopes, "--data-dir", data, "--project", project], { encoding: "utf8" });
    check(made.status === 1 && made.stdout === "" && made.stderr.includes("which nothing asks for"), `scopes ${scopes}: ${made.status} ${made.stderr}`);
    for (const one of [...asked, "demo:read"]) check(made.stderr.includes(one), `${one} is not named: ${made.stderr}`);
  }
  const all = junctor(data, "token", "create", "all", "--scopes", "*");
  const response = await fetch(`${base}/v1/tokens`, { method: "POST",
    headers: { Authorization: `Bearer ${all}`, "Content-Type": "application/json" }, body: JSON.stringify({ name: "x", scopes: "nonsense" }) });
  const body = await response.json();
  check(response.status === 422 && body.code === "request_invalid" && body.errors[0].path === "scopes" && body.errors[0].message.includes("demo:read"),
    `unknown scopes over the API: ${response.status} ${JSON.stringify(body)}`);
}

async function strongerTokens(base, data) {
  const maker = junctor(data, "token", "create", "maker", "--scopes", "tokens:* runs:read");
  const make = async (body) => {
    const response = await fetch(`${base}/v1/tokens`, {
      method: "POST", headers: { Authorization: `Bearer ${maker}`, "Content-Type": "application/json" }, body: JSON.stringify({ name: "made", ...body }),
    });
    return { status: response.status, body: await response.text() };
  };
  expectStatus("a token as strong", await make({ scopes: "runs:read,tokens:read" }), 201);
  for (const scopes of ["*", "events:read", "tokens:read,*", "tokens:read, events:read", "runs:*", ",*"])
    expectStatus(`a token with ${scopes}`, await make({ scopes }), 403);
  for (const days of ["30", 1.5, 0, -1, 4000, true])
    expectStatus(`a token for ${JSON.stringify(days)} days`, await make({ scopes: "runs:read", expires_in_days: days }), 422);
  const made = await make({ scopes: "runs:read", expires_in_days: 30 });
  check(JSON.parse(made.body).expires_at !== null, `a token for 30 days never ends: ${made.body}`);
}

async function jwts(base, issuer) {
  for (const kid of ["rsa", "ec", "ed"])
    expectStatus(`a JWT signed with ${kid}`, await status(`${base}/v1/runs`, issuer.sign(kid)), 200);
  const asked = issuer.fetches;
  for (let i = 0; i < 20; ++i) await status(`${base}/v1/runs`, issuer.sign("rsa"));
  check(issuer.fetches === asked, "the JWKS is fetched for every request");
  issuer.addKey("ES256", "next");
  expectStatus("a key that came since", await status(`${base}/v1/runs`, issuer.sign("next")), 200);
  const now = Math.floor(Date.now() / 1000);
  expectStatus("one that has just ended, by another clock", await status(`${base}/v1/runs`, issuer.sign("rsa", { exp: now - 20 })), 200);
  expectStatus("one of a little later", await status(`${base}/v1/runs`, issuer.sign("rsa", { iat: now + 20, nbf: now + 20 })), 200);
  const wrong = {
    "one of much later": issuer.sign("rsa", { nbf: now + 600 }),
    "another audience": issuer.sign("rsa", { aud: "somebody" }),
    "another issuer": issuer.sign("rsa", { iss: "https://evil.example" }),
    "one that has ended": issuer.sign("rsa", { exp: now - 600 }),
    "one without an end": issuer.sign("rsa", { exp: undefined }),
    "alg none": issuer.sign("rsa", {}, { alg: "none" }),
    "another alg than the key's": issuer.sign("rsa", {}, { alg: "ES256" }),
    "a changed signature": issuer.sign("rsa").slice(0, -4) + "AAAA",
  };
  const head = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
  wrong["no signature at all"] = `${head}.${issuer.sign("rsa").split(".")[1]}.`;
  const hmacHead = Buffer.from(JSON.stringify({ alg: "HS256", kid: "rsa" })).toString("base64url");
  const text = `${hmacHead}.${issuer.sign("rsa").split(".")[1]}`;
  const pem = crypto.createPublicKey({ key: issuer.keys[0].jwk, format: "jwk" }).export({ type: "spki", format: "pem" });
  wrong["the public key as an HMAC secret"] = `${text}.${crypto.createHmac("sha256", pem).update(text).digest("base64url")}`;
  for (const [what, token] of Object.entries(wrong)) {
    const answer = await status(`${base}/v1/runs`, token);
    expectStatus(what, answer, 401);
    check(answer.challenge?.includes("invalid_token"), `${what}: challenge ${answer.challenge}`);
  }
  expectStatus("a scope the JWT lacks", await status(`${base}/v1/events`, issuer.sign("rsa")), 403);
}

function developmentSwitch(data, project) {
  for (const address of ["0.0.0.0", "::", "192.0.2.1"]) {
    const result = spawnSync(binary("junctor"), ["serve", "--port", "0", "--address", address, "--dev-no-auth",
      "--data-dir", data, project], { encoding: "utf8", timeout: 20_000 });
    check(result.status === 1 && result.stderr.includes("authentication is off"),
      `--dev-no-auth on ${address}: ${result.status} ${result.stderr}`);
  }
}

await main(async () => {
  const folder = tempDir("callers");
  const data = path.join(folder, "data");
  const project = path.join(folder, "project");
  fs.mkdirSync(project);
  fs.writeFileSync(path.join(project, "integration.yaml"), definition);
  const issuer = await new Issuer().listen();
  issuer.addKey("RS256", "rsa");
  issuer.addKey("ES256", "ec");
  issuer.addKey("EdDSA", "ed");
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const engine = new Process(binary("junctor"), ["serve", "--port", String(port), "--data-dir", data,
    "--jwt-issuer", issuer.url, "--jwt-audience", "junctor", "--jwks-url", `${issuer.url}/keys`,
    "--allow-addresses", "127.0.0.0/8", project]);
  await engine.ready(`${base}/readyz`);

  const { reader, id } = await tokens(base, data, project);
  await jwts(base, issuer);
  junctor(data, "token", "revoke", id);
  await new Promise((resolve) => setTimeout(resolve, 5_200));
  expectStatus("a revoked token", await status(`${base}/v1/runs`, reader), 401);

  const how = await engine.stop();
  check(how.code === 0, `the engine ended with ${JSON.stringify(how)}`);
  const after = JSON.parse(junctor(data, "token", "list", "--json")).find((token) => token.id === id);
  check(after.last_used_at, "the last use of a token is not on disk after the stop");
  developmentSwitch(path.join(folder, "other"), project);
});
