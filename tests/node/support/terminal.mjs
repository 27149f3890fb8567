// A command on a terminal of its own, which `script` of util-linux makes.
import { spawn, spawnSync } from "node:child_process";

import { check, eventually, skip, sleep } from "./processes.mjs";

if (spawnSync("script", ["--version"]).error) skip("script of util-linux is not installed");

const quoted = (word) => `'${String(word).replaceAll("'", `'\\''`)}'`;

export class Terminal {
  output = "";

  // line: what bash runs there.
  constructor(line, env = {}) {
    this.child = spawn("script", ["-qec", `exec bash -c ${quoted(line)}`, "/dev/null"],
      { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.on("data", (bytes) => (this.output += String(bytes).replaceAll("\r", "")));
    this.ended = new Promise((resolve) => this.child.once("close", resolve));
    this.read = 0;
  }

  static line(words) {
    return words.map(quoted).join(" ");
  }

  // Waits for the words in what was not looked at yet, and gives it up to their end.
  async shows(words, within = 20_000) {
    await eventually(() => this.output.indexOf(words, this.read) >= 0, { within, every: 20, what: `"${words}" on the terminal` })
      .catch((error) => { throw new Error(`${error.message}; it shows:\n${this.output}`); });
    const end = this.output.indexOf(words, this.read) + words.length;
    const seen = this.output.slice(this.read, end);
    this.read = end;
    return seen;
  }

  // A moment before, for a program that reads, and after, for `script` to hand it on.
  async type(text) {
    await sleep(50);
    this.child.stdin.write(text);
    await sleep(100);
  }

  async answer(question, text) {
    const seen = await this.shows(question);
    await this.type(`${text}\n`);
    return seen;
  }

  async end() {
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 30_000);
    const status = await this.ended;
    clearTimeout(timer);
    return status;
  }

  neverShowed(...words) {
    for (const word of words) check(!this.output.includes(word), `the terminal showed ${word}:\n${this.output}`);
  }
}
