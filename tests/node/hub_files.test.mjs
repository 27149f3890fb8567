// Files in the hub's debugger: chosen in its form, sent with the call, and what an action gives kept as a file.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";

import { Hub, openBrowser, requireHub } from "./support/browser.mjs";
import { Process, binary, check, freePort, main, tempDir } from "./support/processes.mjs";

const definition = (url) => `slug: drive
endpoints: {base_url: "${url}"}
actions:
  put:
    params: {doc: {ui_type: file, required: true}, title: {}}
    api: {method: POST, path: /put, body_kind: multipart, multipart: {title: {value: =input.title}, doc: {file: doc}}}
  send: {params: {doc: {ui_type: file, required: true}}, api: {method: POST, path: /send, body_kind: file}}
  get: {api: {path: /get, response: {kind: file}}}
`;

async function puts(hub, file, seen) {
  const { page } = hub;
  await hub.goto("/debugger/drive/put");
  await page.getByLabel("title").fill("T");
  await page.getByRole("button", { name: "Call" }).click();
  await hub.sees("Choose a file for doc.");
  check(seen.length === 0, "something was sent without its file");
  await page.getByLabel("doc").setInputFiles(file);
  await page.getByRole("button", { name: "Call" }).click();
  await hub.sees("completed");
  check(seen.at(-1).includes('filename="a name.txt"') && seen.at(-1).includes("the content") && seen.at(-1).includes('name="title"\r\n\r\nT'), seen.at(-1));

  await hub.goto("/debugger/drive/send");
  await page.getByLabel("doc").setInputFiles(file);
  await page.getByRole("button", { name: "Call" }).click();
  await hub.sees("completed");
  check(seen.at(-1) === "the content", seen.at(-1));
}

async function gets(hub) {
  const { page } = hub;
  await hub.goto("/debugger/drive/get");
  await page.getByRole("button", { name: "Call" }).click();
  await page.getByRole("button", { name: "Save the file" }).waitFor();
  check(!(await hub.shown()).includes("iVAA/w=="), "the page shows base64");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save the file" }).click()]);
  check(fs.readFileSync(await download.path()).equals(Buffer.from([0x89, 0x50, 0, 0xff])), "another file came");
}

await main(async () => {
  const browser = await openBrowser();
  const seen = [];
  const provider = http.createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    if (request.url === "/get") return response.writeHead(200, { "Content-Type": "image/png" }).end(Buffer.from([0x89, 0x50, 0, 0xff]));
    seen.push(body);
    response.writeHead(200, { "Content-Type": "application/json" }).end("{}");
  });
  await new Promise((resolve) => provider.listen(0, "127.0.0.1", resolve));
  const folder = tempDir("hub-files");
  fs.mkdirSync(path.join(folder, "drive"));
  fs.writeFileSync(path.join(folder, "drive/integration.yaml"), definition(`http://127.0.0.1:${provider.address().port}`));
  const file = path.join(folder, "a name.txt");
  fs.writeFileSync(file, "the content");
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const engine = new Process(binary("junctor"), ["serve", path.join(folder, "drive"), "--port", port, "--dev-no-auth", "--allow-addresses", "127.0.0.0/8", "--data-dir", path.join(folder, "data")]);
  await engine.ready(`${url}/readyz`);
  await requireHub(url);
  try {
    const hub = await Hub.open(browser, url);
    await puts(hub, file, seen);
    await gets(hub);
    await hub.fits("the debugger with a file");
    hub.clean();
  } finally {
    await browser.close();
  }
  provider.closeAllConnections?.();
  provider.close();
  const { code } = await engine.stop();
  check(code === 0, `the engine ended with ${code}`);
});
