// The hub with authentication on: signing in with an API token that stays in the tab, and what an operator does:
// dead letters back into their queue, events by topic.
import { Core, expectStatus } from "./support/core.mjs";
import { Hub, openBrowser, requireHub } from "./support/browser.mjs";
import { check, eventually, main } from "./support/processes.mjs";

// Two messages that were given up, and one event.
async function makeTrouble(api) {
  expectStatus(await api("PUT", "/v1/queues/work.in", { most_attempts: 1 }), 200, "a queue");
  for (const n of [1, 2]) expectStatus(await api("POST", "/v1/queues/work.in/messages", { topic: "shop.order_paid", payload: { n } }), 201, "a message");
  const { body } = expectStatus(await api("POST", "/v1/queues/work.in/poll", { most: 2 }), 200, "poll");
  for (const { lease } of body.messages)
    expectStatus(await api("POST", "/v1/leases/nack", { lease, kind: "reject", error: "the warehouse said no" }), 200, "nack");
  for (const topic of ["shop.order_paid", "chat.message_sent"])
    expectStatus(await api("POST", "/v1/events", { topic, payload: { from: topic } }), 201, "an event");
}

async function signsIn(hub, token) {
  const { page } = hub;
  hub.expected.add(401);
  await hub.goto("/events?topic=shop.*");
  await page.getByLabel("API token").fill(`jct_${"0".repeat(43)}`);
  await page.getByRole("button", { name: "Sign in" }).click();
  await hub.sees("the token is unknown, revoked or expired");
  await page.getByLabel("API token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  // To where the link led.
  await page.getByRole("link", { name: "shop.order_paid" }).waitFor();
  check((await page.getByRole("link", { name: "chat.message_sent" }).count()) === 0, "the topic does not narrow");
  await hub.keepsSecret(token, "after signing in");
  await page.reload();
  await page.getByRole("link", { name: "shop.order_paid" }).click();
  await hub.sees('"shop.order_paid"');
}

async function redrives(hub, api) {
  const { page } = hub;
  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByText("look, mend, then redrive").waitFor();
  await page.getByRole("link", { name: "work.in" }).click();
  await page.locator(".letter summary").first().click();
  await hub.sees("the warehouse said no");
  await page.getByRole("button", { name: "Redrive", exact: true }).first().click();
  await hub.sees("1 message is in the queue again.");
  await page.getByRole("button", { name: "Redrive all" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Redrive all" }).click();
  await hub.sees("No message has been given up.");
  const { body } = expectStatus(await api("POST", "/v1/queues/work.in/poll", { most: 2 }), 200, "poll");
  check(body.messages.length === 2, `${body.messages.length} messages came back`);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Resume" }).waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Resume" }).waitFor();
}

async function leaves(hub) {
  const { page } = hub;
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("API token").waitFor();
  check((await page.evaluate(() => sessionStorage.length)) === 0, "the token stays after signing out");
  const other = await hub.context.newPage();
  await other.goto(`${hub.url}/hub/`);
  await other.getByLabel("API token").waitFor();
}

async function readsFromTheNewest(api) {
  const topics = async (query) => {
    const { body } = expectStatus(await api("GET", `/v1/events?${query}`), 200, query);
    return [body.events.map((one) => one.topic).join(" "), body.cursor];
  };
  const [newest, next] = await topics("order=newest&limit=1");
  check(newest === "chat.message_sent", `the newest event is ${newest}`);
  const [before] = await topics(`before=${next}`);
  check(before === "shop.order_paid", `before ${next} there is ${before}`);
  check((await topics(""))[0] === "shop.order_paid chat.message_sent", "without an order the oldest is not first");
}

// A token that may read runs and nothing else: each page says what is lacking.
async function lacksScopes(browser, core, token) {
  const hub = await Hub.open(browser, core.url);
  hub.expected.add(401).add(403);
  await hub.goto("/runs");
  await hub.page.getByLabel("API token").fill(token);
  await hub.page.getByRole("button", { name: "Sign in" }).click();
  await hub.sees("Nothing has run yet.");
  await hub.sees("integrations:read");
  hub.clean();
}

await main(async () => {
  const browser = await openBrowser();
  const core = await Core.start("hub");
  await requireHub(core.url);
  try {
    const token = core.token("default");
    const api = core.as(token);
    await makeTrouble(api);
    await eventually(async () => (await api("GET", "/v1/queues")).body.queues.some((one) => one.dead_letters === 2), { what: "the counts" });
    await readsFromTheNewest(api);
    const hub = await Hub.open(browser, core.url);
    await signsIn(hub, token);
    await redrives(hub, api);
    await leaves(hub);
    hub.clean();
    const weak = expectStatus(await api("POST", "/v1/tokens", { name: "weak", scopes: "runs:read" }), 201, "a token").body.token;
    await lacksScopes(browser, core, weak);
  } finally {
    await browser.close();
  }
  await core.stop();
});
