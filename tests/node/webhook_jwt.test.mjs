// A provider that signs its deliveries by JWT: the running engine fetches its keys, follows their change,
// and refuses what was signed by or for somebody else.
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";

import { Issuer } from "./support/callers.mjs";
import { Process, binary, check, freePort, main, tempDir } from "./support/processes.mjs";

await main(async () => {
  const folder = tempDir("webhook-jwt");
  const issuer = await new Issuer().listen();
  issuer.addKey("ES256", "first");
  fs.writeFileSync(path.join(folder, "integration.yaml"), `
slug: payer
endpoints: {base_url: "http://127.0.0.1:9"}
webhooks:
  in:
    verify: {scheme: jwt, header: Payer-Verification, jwks_url: "${issuer.url}/keys", issuer: "${issuer.url}", audience: us}
    produces: [payer.arrived]
`);
  fs.writeFileSync(path.join(folder, "junctor.yaml"),
    "integrations: [.]\nendpoints: [{name: payer, integration: payer, webhook: in}]\nsettings: {allow_addresses: 127.0.0.0/8}\n");
  const port = await freePort();
  const engine = new Process(binary("junctor"), ["serve", "--port", String(port), "--dev-no-auth",
    "--data-dir", path.join(folder, "data"), folder]);
  await engine.ready(`http://127.0.0.1:${port}/readyz`);

  let number = 0;
  const deliver = async (what, wanted, token, body = JSON.stringify({ number: ++number })) => {
    const headers = { "Content-Type": "application/json" };
    if (token) headers["Payer-Verification"] = typeof token === "function" ? token(body) : token;
    const response = await fetch(`http://127.0.0.1:${port}/hooks/payer`, { method: "POST", headers, body });
    check(response.status === wanted, `${what}: ${response.status}, expected ${wanted}: ${await response.text()}`);
  };
  const sha256 = (text) => crypto.createHash("sha256").update(text).digest("hex");
  await deliver("alg none, before there are keys", 401, issuer.sign("first", { aud: "us" }, { alg: "none" }));
  check(issuer.fetches === 0, "keys were fetched for a text that no key could make good");
  await deliver("a signed delivery", 202, issuer.sign("first", { aud: "us" }));
  await deliver("one bound to its body", 202, (body) => issuer.sign("first", { aud: "us", request_body_sha256: sha256(body) }));
  await deliver("one bound to another body", 401, issuer.sign("first", { aud: "us", request_body_sha256: sha256("x") }));
  await deliver("no token", 401, null);
  await deliver("a token for somebody else", 401, issuer.sign("first", { aud: "them" }));
  await deliver("alg none", 401, issuer.sign("first", { aud: "us" }, { alg: "none" }));
  issuer.addKey("EdDSA", "second");
  await deliver("a key that came since", 202, issuer.sign("second", { aud: "us" }));
  const stranger = new Issuer();
  stranger.url = issuer.url;
  stranger.addKey("ES256", "first");
  await deliver("a stranger's key of that name", 401, stranger.sign("first", { aud: "us" }));
  issuer.server.close();
  await deliver("a signed delivery while the keys are away", 202, issuer.sign("first", { aud: "us" }));
});
