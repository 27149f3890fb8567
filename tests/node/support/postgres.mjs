// A private PostgreSQL: its own folder and port, gone at the end of the test.
import fs from "node:fs";
import path from "node:path";
import { spawnSync } from "node:child_process";

import { Process, eventually, freePort, skip, tempDir } from "./processes.mjs";

export function program(name) {
  for (const version of ["15", "16", "17", "14"]) {
    const file = `/usr/lib/postgresql/${version}/bin/${name}`;
    if (fs.existsSync(file)) return file;
  }
  return skip("PostgreSQL is not installed");
}

// The server refuses root.
function user() {
  if (process.getuid() !== 0) return {};
  const line = fs.readFileSync("/etc/passwd", "utf8").split("\n").find((one) => one.startsWith("postgres:"));
  if (!line) skip("there is no user postgres to run PostgreSQL as");
  const [, , uid, gid] = line.split(":");
  return { uid: Number(uid), gid: Number(gid) };
}

export class Postgres {
  static async start() {
    const server = new Postgres();
    server.folder = tempDir("postgres");
    server.who = user();
    if (server.who.uid !== undefined) fs.chownSync(server.folder, server.who.uid, server.who.gid);
    server.data = path.join(server.folder, "data");
    const made = spawnSync(program("initdb"),
      ["-D", server.data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"],
      { ...server.who, cwd: "/", encoding: "utf8" });
    if (made.status !== 0) skip(`initdb failed: ${made.stderr}`);
    server.port = await freePort();
    server.url = `postgres://postgres@127.0.0.1:${server.port}/postgres`;
    await server.launch();
    return server;
  }

  async launch() {
    this.process = new Process(program("postgres"),
      ["-D", this.data, "-p", String(this.port), "-k", this.folder, "-c", "listen_addresses=127.0.0.1"],
      {}, { ...this.who, cwd: "/" });
    await eventually(
      () => spawnSync(program("pg_isready"), ["-h", "127.0.0.1", "-p", String(this.port)]).status === 0,
      { within: 30_000, what: "PostgreSQL being ready" });
  }

  // Connections are cut, nothing is lost.
  async halt() {
    this.process.child.kill("SIGINT");
    await this.process.ended;
  }
}
