// Child processes, ports, waiting and comparing, for drivers of the real binaries.
import { spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const sourceDir = process.env.JUNCTOR_SOURCE_DIR
  ?? path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
export const buildDir = process.env.JUNCTOR_BUILD_DIR ?? path.join(sourceDir, "build/release");

// Ends the test as skipped; ctest knows the code.
export function skip(reason) {
  console.log(`skipped: ${reason}`);
  process.exit(77);
}

// The path of a built binary; skips the test without it.
export function binary(name) {
  const file = path.join(buildDir, name);
  if (!fs.existsSync(file)) skip(`${name} is not built`);
  return file;
}

// A package's default export or namespace; skips the test when it is not installed.
export async function packageOrSkip(name) {
  try {
    return await import(name);
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    return skip(`the npm package ${name} is not installed (scripts/test does it)`);
  }
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Repeats look() until it gives something true; throws after the time with what it gave last.
export async function eventually(look, { within = 30_000, every = 100, what = "it" } = {}) {
  const end = Date.now() + within;
  let last;
  for (;;) {
    try {
      last = await look();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`${what} did not happen within ${within} ms; last: ${last}`);
    await sleep(every);
  }
}

// A folder that goes when the test passed and stays, named, when it failed.
const folders = [];
export function tempDir(name) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `junctor-${name}-`));
  folders.push(folder);
  return folder;
}

const children = new Set();

// A process that runs until stop() or kill(); its output is kept for when the test fails.
export class Process {
  // options: more of child_process.spawn's.
  constructor(command, args, env = {}, options = {}) {
    this.name = path.basename(command);
    this.output = "";
    this.child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      ...options,
    });
    children.add(this);
    const keep = (bytes) => {
      this.output = (this.output + bytes).slice(-200_000);
    };
    this.child.stdout.on("data", keep);
    this.child.stderr.on("data", keep);
    this.ended = new Promise((resolve) => {
      this.child.once("error", (error) => {
        keep(`${error}\n`);
        resolve({ code: -1, signal: null });
      });
      this.child.once("close", (code, signal) => {
        children.delete(this);
        resolve({ code, signal });
      });
    });
    this.ended.then((how) => (this.how = how));
  }

  get pid() {
    return this.child.pid;
  }

  // Waits until the URL answers 200.
  async ready(url, within = 20_000) {
    await eventually(
      async () => {
        if (this.how) throw new Error(`${this.name} ended (${JSON.stringify(this.how)})`);
        return (await fetch(url)).status === 200;
      },
      { within, every: 20, what: `${this.name} answering at ${url}` },
    );
    return this;
  }

  async kill() {
    this.child.kill("SIGKILL");
    return this.ended;
  }

  // Asks it to end and says how it did; kills it when it does not within the time.
  async stop(within = 30_000) {
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), within);
    const how = await this.ended;
    clearTimeout(timer);
    return how;
  }
}

export async function getJson(url, options = {}) {
  const response = await fetch(url, options);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

export const postJson = (url, body, headers = {}) =>
  getJson(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });

export function check(condition, message) {
  if (!condition) throw new Error(message);
}

// Runs the test, shows the children's last words when it fails, and leaves nothing behind.
export async function main(test) {
  let code = 0;
  try {
    await test();
    for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    code = 1;
    console.log(`FAILED: ${error.stack}`);
    for (const folder of folders) console.log(`kept for a look: ${folder}`);
    for (const child of children)
      console.log(`--- last output of ${child.name}\n${child.output.slice(-6000)}`);
  }
  for (const child of [...children]) await child.kill();
  process.exit(code);
}
