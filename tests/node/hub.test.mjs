// The hub in a real browser: a connection made with a wrong value, corrected, tested and changed; an action
// called and compared; its run; links that last; and no secret anywhere.
import fs from "node:fs";
import path from "node:path";

import { Hub, openBrowser, requireHub } from "./support/browser.mjs";
import { check, eventually, main } from "./support/processes.mjs";
import { Shop, rightKey } from "./support/shop.mjs";

const wrongKey = "sk-wrong-0815";

async function makesAConnection(hub) {
  const { page } = hub;
  await page.goto(`${hub.url}/`);
  await page.waitForURL("**/hub/");
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Connections" }).click();
  await page.getByRole("link", { name: "New connection" }).click();
  await page.getByRole("link", { name: "shop" }).click();
  check(!(await page.getByLabel("seats").isVisible()), "a field is shown whose condition does not hold");
  check(!(await page.getByLabel("folder").isVisible()), "a field is asked for before the authorisation");
  await page.getByLabel("Name").fill("main");
  await page.getByLabel("Plan").selectOption({ label: "Two" });
  await page.getByLabel("seats").fill("many");
  await page.getByRole("button", { name: "Create" }).click();
  for (const [label, words] of [["Key", /missing|required|expected/i], ["seats", /number/], ["Region", /one of/]]) {
    const input = page.getByLabel(label, { exact: false }).first();
    await page.waitForFunction((one) => one?.getAttribute("aria-invalid") === "true", await input.elementHandle());
    const about = await input.evaluate((one) => one.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id).textContent).join(" "));
    check(words.test(about), `the error at ${label} says: ${about}`);
  }
  check((await page.evaluate(() => document.activeElement?.getAttribute("aria-invalid"))) === "true", "the first wrong field has not the focus");
  await page.getByLabel("seats").fill("5");
  await page.getByLabel("region").selectOption({ label: "eu" });
  await page.getByLabel("Key").fill(wrongKey);
  await page.getByRole("button", { name: "Create" }).click();
  await page.waitForURL(/connections\/[0-9a-f-]{36}$/);
  await hub.sees("needs vars");
  await page.getByLabel("folder").waitFor();
}

async function correctsAndTests(hub, shop) {
  const { page } = hub;
  await page.getByRole("button", { name: "Test" }).click();
  await hub.sees("failing");
  await hub.sees("bad_key");
  await hub.keepsSecret(wrongKey, "after a failed test");
  // The choices could not be fetched with a wrong key; a value may be typed.
  await hub.sees("could not be loaded");

  await page.getByRole("button", { name: "Replace" }).click();
  await page.getByLabel("Key").fill(rightKey);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Replace" }).waitFor();
  await page.getByLabel("folder").selectOption({ label: "Inbox" });
  await page.getByRole("button", { name: "Save" }).click();
  await hub.sees("ready");
  await page.getByRole("button", { name: "Test" }).click();
  await hub.sees("healthy");

  // Changed without the secret: it is kept.
  await page.getByLabel("region").selectOption({ label: "us" });
  await hub.answerTo("PATCH", () => page.getByRole("button", { name: "Save" }).click());
  await hub.answerTo("POST", () => page.getByRole("button", { name: "Test" }).click());
  check(shop.seen.at(-1).headers["x-key"] === rightKey, "the mask replaced the secret");
  await page.getByRole("button", { name: "Disable" }).click();
  await page.getByRole("button", { name: "Enable" }).click();
  await page.getByRole("button", { name: "Disable" }).waitFor();
  await hub.keepsSecret(rightKey, "after saving");
}

async function callsAnAction(hub, shop) {
  const { page } = hub;
  await page.getByRole("link", { name: "Try it in the debugger" }).click();
  await page.getByLabel("Action").selectOption("get_order");
  await page.getByRole("button", { name: "Call" }).click();
  await page.locator("input[aria-invalid]").first().waitFor();
  await page.getByLabel("ID", { exact: true }).fill("5");
  await page.getByLabel("Keep input and answer as a fixture").check();
  await page.getByLabel("Name of the fixture").fill("from_hub");
  await page.getByRole("button", { name: "Call" }).click();
  await hub.sees("2 differences");
  const differences = await page.locator("table.differences").innerText();
  for (const word of ["undocumented", "/note", "/lines"]) check(differences.includes(word), `the differences lack ${word}: ${differences}`);
  check(JSON.parse(fs.readFileSync(path.join(shop.place, "fixtures/from_hub.json"))).input.id === 5, "the fixture is not there");
  const call = page.locator(".calls details").first();
  check((await call.innerText()).includes("/orders/5"), "the outgoing call is not shown");
  await hub.keepsSecret(rightKey, "beside an outgoing call");

  await page.getByLabel("Action").selectOption({ label: "Any method and path" });
  await page.getByLabel("Path").fill("/echo");
  await page.getByRole("button", { name: "Call" }).click();
  await hub.sees("207");
  await hub.sees("[redacted]");
  // The first click counts, also when the caret comes from a text that could be laid out otherwise.
  await page.getByLabel("Headers").fill('{"X-Mine": "yes"}');
  await hub.answerTo("POST", () => page.getByRole("button", { name: "Call" }).click());
  check(shop.seen.at(-1).headers["x-mine"] === "yes", "the header was not sent");
  await page.getByLabel("Path").fill("/orders/404");
  await page.getByRole("button", { name: "Call" }).click();
  await hub.sees("no_order");
  await hub.keepsSecret(rightKey, "after an echo");
}

async function seesItsRun(hub, shop) {
  const { page } = hub;
  // More than a page of them.
  for (let i = 0; i < 60; ++i)
    await shop.api("POST", "/v1/integrations/shop/plug", { action: "health", connection: "main" });
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Runs" }).click();
  await page.getByLabel("Subject").fill("get_order");
  await page.getByLabel("Status").selectOption("completed");
  await page.waitForURL(/status=completed/);
  await page.getByRole("link", { name: "shop · get_order" }).first().click();
  await page.waitForURL(/runs\/[0-9a-f-]{36}$/);
  for (const text of ["plug", "main", "Outgoing calls", "as a gift"]) await hub.sees(text);
  await page.locator(".calls summary").first().click();
  await hub.sees("First byte after");
  await hub.keepsSecret(rightKey, "in the run");

  await page.reload();
  await hub.sees("as a gift");
  check(page.url().includes("/hub/runs/"), "the link did not last");
  await page.goto(`${hub.url}/hub/runs?subject=health&status=completed`);
  const first = await page.locator("tbody a").first().getAttribute("href");
  await page.getByRole("link", { name: "Older" }).click();
  await page.getByRole("link", { name: "Newest" }).waitFor();
  await page.waitForFunction((one) => document.querySelector("tbody a") && document.querySelector("tbody a").getAttribute("href") !== one, first);
  await page.goBack();
  await page.getByRole("link", { name: "Older" }).waitFor();
  await hub.goto("/runs?subject=get_order&status=failed");
  await hub.sees("failed");
  await hub.goto("/debugger/shop/nada");
  await hub.sees("shop has no action");
  check(!(await page.locator("main").innerText()).includes("Error:"), "a failure is shown as the browser writes it");
  await hub.goto("/nowhere/at/all");
  await hub.sees("Nothing is here");
}

async function byKeyboardAndOnAPhone(browser, shop) {
  const hub = await Hub.open(browser, shop.engineUrl, { viewport: { width: 375, height: 740 }, colorScheme: "dark" });
  const { page } = hub;
  for (const place of ["/", "/connections", "/connections/new/shop", "/debugger/shop/get_order", "/runs", "/events"]) {
    await hub.goto(place);
    await page.locator("h1").waitFor();
    await page.waitForLoadState("networkidle");
    await hub.fits(place);
    const unnamed = await page.evaluate(() =>
      [...document.querySelectorAll("input, select, textarea")].filter((one) => one.labels.length === 0 && !one.getAttribute("aria-label")).length);
    check(unnamed === 0, `${place} has ${unnamed} inputs without a label`);
  }
  await hub.goto("/connections");
  await page.getByRole("link", { name: "shop · main" }).focus();
  await page.keyboard.press("Enter");
  const remove = page.getByRole("button", { name: "Delete" });
  await remove.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  // What lies behind a dialog takes the focus only once the browser has seen it go.
  await eventually(async () => {
    await remove.focus();
    return remove.evaluate((button) => button === document.activeElement);
  }, { what: "the focus on Delete" });
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).press("Enter");
  await hub.sees("There is no connection yet");
  hub.clean();
}

await main(async () => {
  const browser = await openBrowser();
  const shop = await new Shop().open();
  await shop.serve();
  await requireHub(shop.engineUrl);
  try {
    const hub = await Hub.open(browser, shop.engineUrl);
    // What is wrong with the vars; and with a wrong key the choices of a field cannot be fetched.
    hub.expected.add(422).add(403);
    await makesAConnection(hub);
    await correctsAndTests(hub, shop);
    await callsAnAction(hub, shop);
    await seesItsRun(hub, shop);
    await hub.keepsSecret(rightKey, "at the end");
    hub.clean();
    await byKeyboardAndOnAPhone(browser, shop);
  } finally {
    await browser.close();
  }
  await shop.close();
  const { code } = await shop.engine.stop();
  check(code === 0, `the engine ended with ${code}`);
});
