// A real OpenID provider (npm oidc-provider) for the tests of this folder. Prints one line of JSON with
// its addresses and serves until its standard input ends.
//
// What is not OpenID: /_test/stats, /_test/revoke (ends every grant) and, as a resource server,
// /_test/resource (a token bound to a certificate is good only over a connection with that certificate).
import { createRequire } from "node:module";
import { createServer as createHttp } from "node:http";
import { createServer as createHttps } from "node:https";
import { createHash, generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

import { consent } from "../node/support/consent.mjs";

const [nodeModules, tlsFolder, tokenSeconds] = process.argv.slice(2);
const require = createRequire(pathToFileURL(nodeModules + "/"));
const { Provider } = await import(pathToFileURL(require.resolve("oidc-provider")).href);

const redirect = "http://127.0.0.1/oauth/callback";
const stats = { refresh_token: 0, authorization_code: 0, client_credentials: 0, errors: [] };
const grants = new Set();

// The key of a client that signs its assertions; the test reads the private half from the folder.
const signer = generateKeyPairSync("ec", { namedCurve: "P-256" });
writeFileSync(`${tlsFolder}/signer.key`, signer.privateKey.export({ type: "pkcs8", format: "pem" }));
const signerJwk = { ...signer.publicKey.export({ format: "jwk" }), kid: "signer-1", alg: "ES256", use: "sig" };

function configuration(tls) {
  return {
    clients: [
      { client_id: "web", client_secret: "web-secret-7f31", redirect_uris: [redirect],
        grant_types: ["authorization_code", "refresh_token"], response_types: ["code"] },
      { client_id: "robot", client_secret: "robot-secret-a9", redirect_uris: [], response_types: [],
        grant_types: ["client_credentials"] },
      ...(tls ? [] : [{ client_id: "robot-post", client_secret: "post secret:&=", redirect_uris: [], response_types: [],
        grant_types: ["client_credentials"], token_endpoint_auth_method: "client_secret_post" },
      { client_id: "signer", redirect_uris: [], response_types: [], grant_types: ["client_credentials"],
        token_endpoint_auth_method: "private_key_jwt", token_endpoint_auth_signing_alg: "ES256", jwks: { keys: [signerJwk] } },
      { client_id: "sharer", client_secret: "a secret of thirty-two characters and more", redirect_uris: [], response_types: [],
        grant_types: ["client_credentials"], token_endpoint_auth_method: "client_secret_jwt", token_endpoint_auth_signing_alg: "HS256" }]),
      ...(tls ? [{ client_id: "bound", redirect_uris: [], response_types: [], grant_types: ["client_credentials"],
        token_endpoint_auth_method: "tls_client_auth", tls_client_auth_subject_dn: "CN=bound-client",
        tls_client_certificate_bound_access_tokens: true }] : []),
    ],
    ...(tls ? { clientAuthMethods: ["client_secret_basic", "tls_client_auth"] } : {}),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      ...(tls ? { mTLS: { enabled: true, certificateBoundAccessTokens: true, tlsClientAuth: true,
        getCertificate: (ctx) => ctx.req.socket.getPeerX509Certificate?.(),
        certificateAuthorized: (ctx) => ctx.req.socket.authorized === true,
        certificateSubjectMatches: (ctx, property, expected) =>
          property === "tls_client_auth_subject_dn" && ctx.req.socket.getPeerX509Certificate()?.subject === expected } } : {}),
    },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    scopes: ["openid", "offline_access"],
    ttl: { AccessToken: Number(tokenSeconds), ClientCredentials: Number(tokenSeconds), IdToken: 600 },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    cookies: { keys: ["test"] },
  };
}

async function resource(provider, request, response) {
  const value = (request.headers.authorization ?? "").replace(/^Bearer /, "");
  const token = (await provider.ClientCredentials.find(value)) ?? (await provider.AccessToken.find(value));
  const bound = token?.["x5t#S256"];
  const certificate = request.socket.getPeerX509Certificate?.();
  const thumbprint = certificate && createHash("sha256").update(certificate.raw).digest("base64url");
  const good = token && !token.isExpired && (!bound || bound === thumbprint);
  response.writeHead(good ? 200 : 401).end(JSON.stringify({ bound: Boolean(bound) }));
}

async function revoke(provider, response) {
  for (const id of grants) {
    await provider.AccessToken.adapter.revokeByGrantId(id);
    await provider.RefreshToken.adapter.revokeByGrantId(id);
    await provider.Grant.adapter.destroy(id);
  }
  response.writeHead(204).end();
}

function serve(server, tls) {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const issuer = `${tls ? "https" : "http"}://127.0.0.1:${server.address().port}`;
      const provider = new Provider(issuer, configuration(tls));
      provider.on("grant.success", (ctx) => { stats[ctx.oidc.params.grant_type] += 1; });
      provider.on("grant.error", (ctx, error) => { stats.errors.push(error.error); });
      provider.on("refresh_token.saved", (token) => grants.add(token.grantId));
      const callback = provider.callback();
      server.on("request", (request, response) => {
        const failed = (error) => response.writeHead(500).end(String(error));
        if (request.url === "/_test/stats") return response.end(JSON.stringify(stats));
        if (request.url === "/_test/revoke") return revoke(provider, response).catch(failed);
        if (request.url === "/_test/resource") return resource(provider, request, response).catch(failed);
        if (request.url.startsWith("/interaction/")) return consent(provider, request, response).catch(failed);
        return callback(request, response);
      });
      resolve(issuer);
    });
  });
}

const tls = {
  key: readFileSync(`${tlsFolder}/server.key`),
  cert: readFileSync(`${tlsFolder}/server.pem`),
  ca: readFileSync(`${tlsFolder}/ca.pem`),
  requestCert: true,
  rejectUnauthorized: false,
};
const plain = await serve(createHttp(), false);
const secure = await serve(createHttps(tls), true);
console.log("READY " + JSON.stringify({ plain, secure }));
// Nobody reads further lines; what the package remarks goes to standard error.
console.log = console.info = console.error;
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
