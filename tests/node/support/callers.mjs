// Who calls the engine: API tokens made by the command line, and an issuer of JWTs with its keys.
import crypto from "node:crypto";
import http from "node:http";
import { spawnSync } from "node:child_process";

import { binary, check } from "./processes.mjs";

// Runs a command of junctor over a data directory; gives what it printed.
export function junctor(dataDir, ...args) {
  const result = spawnSync(binary("junctor"), [...args, "--data-dir", dataDir],
    { encoding: "utf8", timeout: 30_000 });
  check(result.status === 0, `junctor ${args[0]} ${args[1]}: ${result.stderr}`);
  return result.stdout.trim();
}

const kinds = {
  RS256: () => crypto.generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: () => crypto.generateKeyPairSync("ec", { namedCurve: "P-256" }),
  EdDSA: () => crypto.generateKeyPairSync("ed25519"),
};
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

export class Issuer {
  constructor() {
    this.keys = [];
    this.fetches = 0;
  }

  async listen() {
    this.server = http.createServer((request, response) => {
      this.fetches += 1;
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ keys: this.keys.map(({ jwk }) => jwk) }));
    });
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  addKey(algorithm, kid) {
    const { privateKey, publicKey } = kinds[algorithm]();
    const jwk = { ...publicKey.export({ format: "jwk" }), kid, alg: algorithm, use: "sig" };
    this.keys.push({ algorithm, kid, privateKey, jwk });
  }

  // changes: to the claims; header: to the head.
  sign(kid, changes = {}, header = {}) {
    const key = this.keys.find((one) => one.kid === kid);
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: this.url, aud: "junctor", sub: "ann", iat: now, exp: now + 300,
      scope: "runs:read", ...changes };
    const text = `${part({ alg: key.algorithm, kid, ...header })}.${part(claims)}`;
    const hash = key.algorithm === "EdDSA" ? null : "sha256";
    const options = { key: key.privateKey, dsaEncoding: "ieee-p1363" };
    return `${text}.${crypto.sign(hash, Buffer.from(text), options).toString("base64url")}`;
  }
}
