// The outside world, the engine with examples/github-to-chat, and a GitHub that delivers every example
// payload there is until each is acknowledged.
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

import { expectedMessage } from "./expected_message.mjs";
import {
  Process, binary, check, eventually, freePort, getJson, packageOrSkip, postJson, skip, sleep,
  sourceDir, tempDir,
} from "./processes.mjs";

const secret = "It's a Secret to Everybody";
const chatToken = "chat-token";

// Every payload of the package, of github.com and of each GitHub Enterprise Server: {type, body, text}.
export async function examplePayloads() {
  const { sign } = await packageOrSkip("@octokit/webhooks-methods");
  let root;
  try {
    root = path.dirname(createRequire(import.meta.url).resolve("@octokit/webhooks-examples/package.json"));
  } catch {
    skip("the npm package @octokit/webhooks-examples is not installed (scripts/test does it)");
  }
  const payloads = [];
  for (const source of fs.readdirSync(root).sort()) {
    const file = path.join(root, source, "index.json");
    if (!fs.existsSync(file)) continue;
    for (const { name, examples } of JSON.parse(fs.readFileSync(file, "utf8"))) {
      for (const example of examples) {
        const body = JSON.stringify(example);
        payloads.push({
          id: crypto.randomUUID(),
          type: name,
          body,
          signature: await sign(secret, body),
          text: expectedMessage(name, example),
        });
      }
    }
  }
  check(payloads.length >= 700, `only ${payloads.length} example payloads were found`);
  return payloads;
}

export class Stage {
  static async set(name) {
    const stage = new Stage();
    stage.folder = tempDir(name);
    stage.worldPort = await freePort();
    stage.enginePort = await freePort();
    stage.worldUrl = `http://127.0.0.1:${stage.worldPort}`;
    stage.engineUrl = `http://127.0.0.1:${stage.enginePort}`;
    stage.world = new Process(binary("junctor_world"), [
      "--port", stage.worldPort, "--chat-token", chatToken,
    ]);
    await stage.world.ready(`${stage.worldUrl}/healthz`);
    await stage.startEngine();
    return stage;
  }

  async startEngine() {
    this.engine = new Process(
      binary("junctor"),
      [
        "serve", "--port", this.enginePort, "--data-dir", path.join(this.folder, "data"),
        "--dev-no-auth", path.join(sourceDir, "examples/github-to-chat"),
      ],
      { CHAT_URL: this.worldUrl, CHAT_TOKEN: chatToken, GITHUB_WEBHOOK_SECRET: secret },
    );
    await this.engine.ready(`${this.engineUrl}/readyz`);
  }

  // One delivery as GitHub makes it; the status, or 0 when the connection failed. What is acknowledged
  // gets the id of its event.
  async deliver(payload) {
    const { id, type, body, signature } = payload;
    try {
      const headers = {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/test",
        "X-GitHub-Event": type,
        "X-GitHub-Delivery": id,
      };
      if (signature) headers["X-Hub-Signature-256"] = signature;
      const response = await fetch(`${this.engineUrl}/hooks/github`, {
        method: "POST", headers, body, signal: AbortSignal.timeout(30_000),
      });
      const answer = await response.json().catch(() => ({}));
      if (response.status === 202) [payload.event] = answer.events;
      return response.status;
    } catch {
      return 0;
    }
  }

  // Delivers all, `width` at a time, each again and again until it is acknowledged with a 2xx.
  // progress(acknowledged) is called after each. Gives how many deliveries were repeated.
  async deliverAll(payloads, { width = 12, progress = () => {} } = {}) {
    const waiting = [...payloads];
    let acknowledged = 0;
    let again = 0;
    const worker = async () => {
      for (let payload = waiting.shift(); payload; payload = waiting.shift()) {
        for (;;) {
          const status = await this.deliver(payload);
          if (status >= 200 && status < 300) break;
          check(status === 0 || status === 429 || status >= 500,
            `a signed delivery of ${payload.type} was answered ${status}`);
          again += 1;
          await sleep(50);
        }
        acknowledged += 1;
        progress(acknowledged);
      }
    };
    await Promise.all(Array.from({ length: width }, worker));
    return again;
  }

  switches(chat, seed = 1) {
    return postJson(`${this.worldUrl}/switches`, { chat, seed });
  }

  chatCounts() {
    return getJson(`${this.worldUrl}/chat/messages?limit=0`);
  }

  async chatMessages() {
    const messages = [];
    for (let after = 0; after !== null; ) {
      const page = await getJson(`${this.worldUrl}/chat/messages?limit=1000&after=${after}`);
      messages.push(...page.items);
      after = page.next;
    }
    return messages;
  }

  // The id of the message that the run of each event got from the chat.
  async messageOfEvents() {
    const messages = new Map();
    for (let cursor = ""; cursor !== null; ) {
      const page = await getJson(`${this.engineUrl}/v1/runs?subject=to_chat&limit=500&cursor=${cursor}`);
      for (const { id, event } of page.runs) {
        check(!messages.has(event), `two runs carried event ${event}`);
        const run = await getJson(`${this.engineUrl}/v1/runs/${id}`);
        check(run.status === "completed", `run ${id} is ${run.status}: ${JSON.stringify(run.error)}`);
        messages.set(event, run.output.id);
      }
      cursor = page.next;
    }
    return messages;
  }

  // Runs that are not over: those that a killed engine had under way wait for the end of their lease, although
  // the chat has their message.
  async unfinishedRuns() {
    const pages = ["running", "retrying"].map((status) => getJson(`${this.engineUrl}/v1/runs?subject=to_chat&limit=500&status=${status}`));
    return (await Promise.all(pages)).flatMap(({ runs }) => runs).length;
  }

  // Waits until as many messages have arrived as were delivered and their runs are over, and then that no more come.
  async allArrived(payloads, within) {
    await eventually(async () => (await this.chatCounts()).messages >= payloads.length,
      { within, every: 250, what: `${payloads.length} messages at the chat` }).catch(async (error) => {
      const { messages } = await this.chatCounts();
      throw new Error(`${error.message}; ${messages} messages are there`);
    });
    await eventually(async () => (await this.unfinishedRuns()) === 0, { within, every: 250, what: "the end of every run" });
    await sleep(2_000);
  }

  // Each delivery ended as exactly one message with the right text; gives the world's counts.
  async checkMessages(payloads) {
    const texts = new Map((await this.chatMessages()).map(({ id, text }) => [id, text]));
    const messages = await this.messageOfEvents();
    for (const { type, event, text } of payloads) {
      const got = texts.get(messages.get(event));
      check(got === text, `${type}, event ${event}: "${got}" instead of "${text}"`);
    }
    const carried = new Set(payloads.map(({ event }) => messages.get(event)));
    check(carried.size === payloads.length, `${payloads.length} deliveries are only ${carried.size} messages`);
    const counts = await this.chatCounts();
    check(counts.messages === payloads.length, `${counts.messages} messages for ${payloads.length} deliveries`);
    check(counts.conflicts === 0, `${counts.conflicts} calls used a key again with another body`);
    check(counts.without_key === 0, `${counts.without_key} calls came without an Idempotency-Key`);
    return (await getJson(`${this.worldUrl}/stats`)).chat;
  }

  async end() {
    const how = await this.engine.stop();
    check(how.code === 0, `the engine ended with ${JSON.stringify(how)} when it was asked to stop`);
    await this.world.stop();
  }
}
