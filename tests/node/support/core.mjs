// The engine without integrations, spoken to as two customers do: events, queues and what an operator sees.
import path from "node:path";
import { execFile, spawnSync } from "node:child_process";

import { Process, binary, check, freePort, tempDir } from "./processes.mjs";

export const junctor = () => binary("junctor");

// A command of the junctor binary, run to its end.
export function command(...args) {
  const result = spawnSync(junctor(), args, { encoding: "utf8", timeout: 120_000 });
  return { code: result.status, out: result.stdout, said: result.stderr };
}

// The same while this process goes on.
export function commandBeside(...args) {
  return new Promise((resolve) => {
    execFile(junctor(), args, { encoding: "utf8", timeout: 120_000 }, (error, out, said) =>
      resolve({ code: error ? (error.code ?? -1) : 0, out, said }));
  });
}

export class Core {
  // database: a PostgreSQL url; otherwise SQLite in folder. wrap: words before the command.
  static async start(name, { database, folder, wrap = [], extra = [] } = {}) {
    const core = new Core();
    core.folder = folder ?? tempDir(name);
    core.dataDir = path.join(core.folder, "data");
    core.wrap = wrap;
    core.settings = ["--data-dir", core.dataDir];
    if (database) core.settings.push("--database-url", database);
    core.extra = extra;
    core.port = await freePort();
    core.url = `http://127.0.0.1:${core.port}`;
    await core.serve();
    return core;
  }

  async serve(within = 30_000) {
    const words = [...this.wrap, junctor(), "serve", "--port", this.port, ...this.settings, ...this.extra];
    this.engine = new Process(words[0], words.slice(1).map(String));
    await this.engine.ready(`${this.url}/readyz`, within);
  }

  token(tenant) {
    const made = command("token", "create", `test of ${tenant}`, "--tenant", tenant, ...this.settings);
    check(made.code === 0, `no token for ${tenant}: ${made.said}`);
    return made.out.trim();
  }

  // A caller with a token: call(method, path, body, headers) gives {status, body, headers}.
  as(token) {
    return async (method, target, body, headers = {}) => {
      const response = await fetch(this.url + target, {
        method,
        headers: {
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          Authorization: `Bearer ${token}`,
          ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(60_000),
      });
      const text = await response.text();
      let parsed;
      try {
        parsed = text ? JSON.parse(text) : undefined;
      } catch {
        parsed = text;
      }
      return { status: response.status, body: parsed, headers: response.headers };
    };
  }

  // The value of a metric with exactly these labels, or undefined.
  async metric(name, labels = {}) {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    for (const line of text.split("\n")) {
      const found = /^([a-z_]+)(?:\{(.*)\})? ([^ ]+)$/.exec(line);
      if (!found || found[1] !== name) continue;
      const given = Object.fromEntries([...(found[2] ?? "").matchAll(/([a-z_]+)="([^"]*)"/g)].map((m) => [m[1], m[2]]));
      const wanted = Object.entries(labels);
      if (wanted.length === Object.keys(given).length && wanted.every(([key, value]) => given[key] === value))
        return Number(found[3]);
    }
    return undefined;
  }

  async balanced() {
    const unaccounted = await this.metric("junctor_unaccounted_messages");
    check(unaccounted === 0, `${unaccounted} messages are nowhere`);
  }

  async stop() {
    const how = await this.engine.stop();
    check(how.code === 0, `the engine ended with ${JSON.stringify(how)}`);
  }
}

export function expectStatus(answer, status, what) {
  check(answer.status === status,
    `${what}: ${answer.status}, expected ${status}: ${JSON.stringify(answer.body)}`);
  return answer;
}
