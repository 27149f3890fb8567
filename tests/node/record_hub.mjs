// Takes the pictures of docs/hub.md: node record_hub.mjs [FOLDER]. An engine with the examples, some connectors and
// the stand-in world, to which a few things happen. With ALL=1 in the environment also pages that no document shows, for
// whoever changes how the hub looks.
import fs from "node:fs";
import path from "node:path";
import { spawnSync } from "node:child_process";

import { Hub, openBrowser, requireHub } from "./support/browser.mjs";
import { Process, binary, eventually, freePort, getJson, main, postJson, sourceDir, tempDir } from "./support/processes.mjs";

const folder = process.argv[2] ?? path.join(sourceDir, "docs/pictures");

async function start() {
  const port = await freePort();
  const world = `http://127.0.0.1:${port}`;
  const outside = new Process(binary("junctor_world"), ["--port", port, "--chat-token", "chat-token", "--hr-token", "hr-token", "--employees", "40"]);
  await outside.ready(`${world}/healthz`);
  const enginePort = await freePort();
  const url = `http://127.0.0.1:${enginePort}`;
  const at = (place) => path.join(sourceDir, place);
  const engine = new Process(
    binary("junctor"),
    ["serve", "--port", enginePort, "--data-dir", path.join(tempDir("pictures"), "data"), "--dev-no-auth", at("examples/github-to-chat"),
      at("examples/hr-sync"), ...["slack", "stripe", "sendgrid", "http"].map((one) => at(`connectors/${one}`))],
    { CHAT_URL: world, CHAT_TOKEN: "chat-token", HR_URL: world, HR_TOKEN: "hr-token", GITHUB_WEBHOOK_SECRET: "hush" },
  );
  await engine.ready(`${url}/readyz`);
  return { url, world };
}

async function makeThingsHappen({ url, world }) {
  const plug = (integration, body) => postJson(`${url}/v1/integrations/${integration}/plug`, body);
  const send = (secret) =>
    spawnSync(path.join(sourceDir, "examples/github-to-chat/send"), { env: { ...process.env, JUNCTOR_URL: url, GITHUB_WEBHOOK_SECRET: secret } });
  send("hush");
  send("not the secret");
  await eventually(async () => (await getJson(`${world}/chat/messages?limit=0`)).messages >= 7, { what: "the messages" });
  await postJson(`${url}/v1/connections`, { integration: "stripe", name: "shop", vars: { base_url: world, api_key: "sk_test_4711" } });
  await postJson(`${url}/v1/connections`, { integration: "http", name: "chat", auth_method: "bearer", vars: { base_url: `${world}/chat/messages?limit=1&for=`, token: "chat-token" } });
  for (const one of (await getJson(`${url}/v1/connections`)).items)
    await fetch(`${url}/v1/connections/${one.id}/test`, { method: "POST" });
  await plug("chat", { action: "post_message", connection: "team", input: { channel: "sales", text: "Hello from the debugger" } });
  return (await getJson(`${url}/v1/runs?subject=to_chat&limit=1`)).runs[0].id;
}

async function take(browser, url, name, where, { options = {}, first = async () => {} } = {}) {
  const hub = await Hub.open(browser, url, { viewport: { width: 1100, height: 680 }, ...options });
  await hub.goto(where);
  await hub.page.locator("h1").waitFor();
  await first(hub.page);
  await hub.page.waitForTimeout(600);
  await hub.page.screenshot({ path: path.join(folder, `hub-${name}.png`) });
  await hub.context.close();
}

await main(async () => {
  fs.mkdirSync(folder, { recursive: true });
  const browser = await openBrowser();
  const stage = await start();
  await requireHub(stage.url);
  const run = await makeThingsHappen(stage);
  const phone = { viewport: { width: 390, height: 760 } };
  await take(browser, stage.url, "overview", "/");
  await take(browser, stage.url, "new-connection", "/connections/new/stripe", { first: (page) => page.getByRole("button", { name: "Create" }).click() });
  await take(browser, stage.url, "debugger", "/debugger/chat/post_message?connection=team", {
    first: async (page) => {
      await page.getByLabel("Channel").fill("sales");
      await page.getByLabel("Text").fill("Mira paid 1,234.50");
      await page.getByRole("button", { name: "Call" }).click();
      await page.getByText("Compared with the schema").waitFor();
    },
  });
  await take(browser, stage.url, "run", `/runs/${run}`, { options: { colorScheme: "dark" }, first: (page) => page.locator(".calls summary").first().click() });
  await take(browser, stage.url, "phone", "/", { options: phone });
  if (process.env.ALL) {
    await take(browser, stage.url, "connections", "/connections", { options: { colorScheme: "dark" } });
    await take(browser, stage.url, "events", "/events");
    await take(browser, stage.url, "runs", "/runs");
    await take(browser, stage.url, "choose", "/connections/new");
    await take(browser, stage.url, "phone-conns", "/connections", { options: { ...phone, colorScheme: "dark" } });
    await take(browser, stage.url, "phone-debugger", "/debugger/chat/post_message?connection=team", { options: phone });
    await take(browser, stage.url, "phone-runs", "/runs", { options: phone });
    await take(browser, stage.url, "phone-run", `/runs/${run}`, { options: { ...phone, colorScheme: "dark" }, first: (page) => page.locator(".calls summary").first().click() });
    await take(browser, stage.url, "dark-http", "/connections/new/http", { options: { colorScheme: "dark" } });
    await take(browser, stage.url, "queue", "/queues/" + encodeURIComponent((await getJson(`${stage.url}/v1/queues`)).queues[0].queue));
    await take(browser, stage.url, "path", "/debugger/http/*?connection=chat", { first: async (page) => { await page.getByLabel("Path").fill("/chat/messages"); await page.getByRole("button", { name: "Call" }).click(); } });
  }
  await browser.close();
});
