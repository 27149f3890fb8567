// Debian's Chromium at the hub of an engine: what the page, its console and its requests showed is kept.
import fs from "node:fs";

import { check, packageOrSkip, skip } from "./processes.mjs";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

export async function openBrowser() {
  if (parseInt(process.versions.node, 10) < 20) skip(`Node.js is ${process.version}, and playwright-core wants 20`);
  const executablePath = places.find((place) => fs.existsSync(place));
  if (!executablePath) skip("Chromium is not installed");
  const { chromium } = await packageOrSkip("playwright-core");
  return chromium.launch({ executablePath, headless: true, args: flags });
}

// url: of the engine, which must carry the hub.
export async function requireHub(url) {
  const page = await (await fetch(`${url}/hub/`)).text();
  if (!page.includes('id="root"')) skip("the hub is not in this binary (scripts/build-hub, then build again)");
}

export class Hub {
  faults = []; // what no page may do
  texts = []; // answers of the API
  allowed = new Set(); // other origins that a test leads to
  // Statuses that a test provokes; the browser logs each as an error.
  expected = new Set();

  static async open(browser, url, options = {}) {
    const hub = new Hub();
    hub.url = url;
    hub.context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    hub.page = await hub.context.newPage();
    hub.page.setDefaultTimeout(30_000);
    await hub.page.addInitScript(() =>
      document.addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)));
    hub.watch();
    return hub;
  }

  watch() {
    const { page } = this;
    page.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      const status = /status of (\d+)/.exec(message.text())?.[1];
      if (!this.expected.has(Number(status))) this.faults.push(`console: ${message.text()} ${message.location().url}`);
    });
    page.on("pageerror", (error) => this.faults.push(`error in the page: ${error}`));
    page.on("request", (request) => {
      const where = new URL(request.url());
      if (where.origin !== this.url && !this.allowed.has(where.origin)) this.faults.push(`a request elsewhere: ${request.url()}`);
    });
    page.on("response", async (response) => {
      if (new URL(response.url()).pathname.startsWith("/v1")) this.texts.push(await response.text().catch(() => ""));
    });
  }

  // path: below /hub.
  goto(path) {
    return this.page.goto(`${this.url}/hub${path}`);
  }

  // Everything that can be read on the page, the contents of inputs included.
  shown() {
    return this.page.evaluate(() =>
      [document.documentElement.outerHTML, location.href, ...[...document.querySelectorAll("input, textarea")].map((one) => one.value)].join("\n"));
  }

  // The API's answer to what act() makes the page send.
  async answerTo(method, act) {
    const [response] = await Promise.all([this.page.waitForResponse((one) => one.request().method() === method), act()]);
    check(response.status() < 300, `${method} ${response.url()}: ${response.status()}`);
  }

  async sees(text) {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor();
  }

  async keepsSecret(secret, when) {
    check(!(await this.shown()).includes(secret), `the page shows the secret ${when}`);
    check(!this.texts.some((text) => text.includes(secret)), `an answer of the API holds the secret ${when}`);
    check(!(await this.page.evaluate(() => JSON.stringify([{ ...localStorage }, document.cookie]))).includes(secret),
      `the browser keeps the secret ${when}`);
  }

  // Nothing is wider than the window.
  async fits(what) {
    const [content, window] = await this.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    check(content <= window, `${what} is ${content} wide in a window of ${window}`);
  }

  clean() {
    check(this.faults.length === 0, `the browser saw faults:\n  ${this.faults.join("\n  ")}`);
  }
}
