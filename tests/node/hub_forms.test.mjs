// The hub's form with a field of every kind, and the consent of a real OpenID provider (npm oidc-provider) in the
// same browser: away to the provider, back to the connection, and the field that is asked for afterwards.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";

import { consent } from "./support/consent.mjs";
import { Hub, openBrowser, requireHub } from "./support/browser.mjs";
import { Process, binary, check, freePort, getJson, main, packageOrSkip, tempDir } from "./support/processes.mjs";

const clientSecret = "client-secret-0815";
const certificate = "-----BEGIN CANARY-----\nMIIcanary\n-----END CANARY-----";

const definition = (api, issuer) => `slug: crm
name: CRM
endpoints: {base_url: "${api}", authorization: "${issuer}/auth", token: "${issuer}/token", revocation: "${issuer}/token/revocation"}
auth: {type: oauth2, oauth2: {grant: authorization_code}}
scopes: [openid, offline_access]
vars:
  client_id: {label: Client ID, order: 1}
  client_secret: {type: password, label: Client secret, order: 2}
  site: {type: url, label: Site, order: 3}
  limit: {type: number, label: Limit, default: 25, order: 4}
  archive: {type: boolean, label: With the archive, required: false, order: 5}
  note: {type: textarea, label: Note, required: false, order: 6}
  filter: {type: json, label: Filter, required: false, order: 7}
  certificate: {type: textarea, secret: true, label: Certificate, required: false, order: 8}
  days: {type: multiselect, label: Days, options: [{value: 1, label: Monday}, {value: 2, label: Tuesday}, {value: 3, label: Wednesday}], order: 9}
  since: {type: date, label: Since, order: 10}
  owner: {type: email, label: Owner, order: 11}
  board: {type: select, label: Board, when: after_auth, options_from: {action: list_boards}}
actions:
  list_boards: {api: {path: /boards}}
`;

const screen = (api, issuer) => `slug: screen
name: Screen
endpoints: {base_url: "${api}", device_authorization: "${issuer}/device/auth", token: "${issuer}/token"}
auth: {type: oauth2, oauth2: {grant: device_code, client_id: hub-screen, client_auth: none}}
scopes: [openid, offline_access]
actions:
  health: {api: {path: /boards}}
`;

async function startProvider(callback) {
  const { Provider } = await packageOrSkip("oidc-provider");
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: "hub-test", client_secret: clientSecret, redirect_uris: [callback], grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"] },
    { client_id: "hub-screen", token_endpoint_auth_method: "none", redirect_uris: [], response_types: [], application_type: "native",
      grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"] }],
    features: { devInteractions: { enabled: false }, revocation: { enabled: true }, deviceFlow: { enabled: true } },
    scopes: ["openid", "offline_access"],
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    cookies: { keys: ["test"] },
  });
  const answer = provider.callback();
  const server = http.createServer((request, response) =>
    request.url.startsWith("/interaction/") ? void consent(provider, request, response) : void answer(request, response));
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return { issuer, provider };
}

// The resource server: boards for whoever has a token of the provider.
async function startApi(provider, seen) {
  const server = http.createServer(async (request, response) => {
    const token = (request.headers.authorization ?? "").replace(/^Bearer /, "");
    seen.push(token);
    const known = await provider.AccessToken.find(token);
    response.writeHead(known ? 200 : 401, { "Content-Type": "application/json" });
    response.end(known ? '["roadmap", "support"]' : "{}");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${server.address().port}`;
}

async function start() {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { issuer, provider } = await startProvider(`${url}/oauth/callback`);
  const seen = [];
  const api = await startApi(provider, seen);
  const folder = tempDir("hub-forms");
  fs.mkdirSync(path.join(folder, "crm"));
  fs.writeFileSync(path.join(folder, "crm/integration.yaml"), definition(api, issuer));
  fs.mkdirSync(path.join(folder, "screen"));
  fs.writeFileSync(path.join(folder, "screen/integration.yaml"), screen(api, issuer));
  fs.writeFileSync(path.join(folder, "junctor.yaml"), "integrations: [./crm, ./screen]\nsettings: {allow_addresses: 127.0.0.0/8}\n");
  const engine = new Process(binary("junctor"), ["serve", "--port", port, "--data-dir", `${folder}/data`, "--dev-no-auth", folder]);
  await engine.ready(`${url}/readyz`);
  return { url, issuer, engine, seen };
}

const errorAt = (page, label) =>
  page.getByLabel(label).evaluate((one) => one.closest(".control").querySelector(".error")?.textContent ?? "");

async function fillsEveryKind(hub) {
  const { page } = hub;
  await hub.goto("/connections/new/crm");
  await page.getByLabel("Client ID").fill("hub-test");
  await page.getByLabel("Client secret").fill(clientSecret);
  await page.getByLabel("Site").fill("nowhere");
  check((await page.getByLabel("Limit").inputValue()) === "25", "the default is not there");
  await page.getByLabel("Limit").fill("many");
  await page.getByLabel("With the archive").check();
  await page.getByLabel("Note").fill("first line\nsecond line");
  await page.getByLabel("Filter").fill('{"open": tru');
  await page.getByLabel("Certificate").fill(certificate);
  await page.getByLabel("Since").fill("2026-01-31");
  await page.getByLabel("Owner").fill("nobody");
  hub.expected.add(422);
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByText("Expected").or(page.getByText(/expected/)).first().waitFor();
  for (const [label, words] of [["Site", /URL/], ["Limit", /number/], ["Filter", /JSON/], ["Owner", /email/]])
    check(words.test(await errorAt(page, label)), `at ${label} stands "${await errorAt(page, label)}"`);
  for (const label of ["Client ID", "Note"]) check((await errorAt(page, label)) === "", `${label} is said to be wrong`);
  check(/list of/.test(await page.getByRole("group", { name: "Days" }).locator(".error").innerText()), "at Days stands nothing");
  await page.getByLabel("Owner").fill("ann@example.com");
  for (const day of ["Monday", "Wednesday", "Tuesday"]) await page.getByLabel(day).check();
  await page.getByLabel("Wednesday").uncheck();
  await page.getByLabel("Site").fill("https://crm.example.com/a");
  await page.getByLabel("Limit").fill("30");
  await page.getByLabel("Filter").fill('{"open": true}');
  await page.getByRole("button", { name: "Create" }).click();
  await page.waitForURL(/connections\/[0-9a-f-]{36}$/);
}

async function givesConsent(hub, stage) {
  const { page } = hub;
  await hub.sees("needs authorisation");
  check((await page.getByLabel("Board").count()) === 0, "a field of the second phase is shown before the authorisation");
  const at = page.url();
  await page.getByRole("button", { name: "Authorise" }).click();
  await page.getByLabel("Board").selectOption({ label: "roadmap" });
  check(page.url() === at, `the way back leads to ${page.url()}`);
  await page.getByRole("button", { name: "Save" }).click();
  await hub.sees("ready");
  const token = stage.seen.at(-1);
  check(token.length > 20, "the choices were fetched without a token");
  for (const secret of [clientSecret, "MIIcanary", token]) await hub.keepsSecret(secret, "after the authorisation");
}

async function changes(hub, stage) {
  const { page } = hub;
  const id = page.url().split("/").at(-1);
  const stored = async () => (await getJson(`${stage.url}/v1/connections/${id}`)).vars;
  const first = await stored();
  check(first.limit === 30 && first.archive === true && first.filter.open === true && first.note.includes("\nsecond") && first.board === "roadmap" &&
    first.days.join() === "1,2" && first.since === "2026-01-31" && first.owner === "ann@example.com",
    `stored is ${JSON.stringify(first)}`);
  await page.getByLabel("With the archive").uncheck();
  await page.getByLabel("Note").fill("");
  await page.getByLabel("Limit").fill("2.5");
  await hub.answerTo("PATCH", () => page.getByRole("button", { name: "Save" }).click());
  const second = await stored();
  check(second.limit === 2.5 && second.archive === false && second.note === undefined && second.filter.open === true, `stored is ${JSON.stringify(second)}`);
  check(second.client_secret === first.client_secret && second.certificate === first.certificate, "a secret was lost");

  await page.getByRole("button", { name: "Revoke" }).click();
  await hub.sees("needs authorisation");
}

// Until so many polls of the device flow were answered "waiting"; two are answered before, as a busy engine would.
async function waitsForPolls(page, most) {
  const busy = [429, 503];
  let waiting = 0;
  await page.route("**/v1/connections/*/device/*", async (route) => {
    const status = waiting > 0 ? busy.shift() : undefined;
    if (status) await route.fulfill({ status, headers: { "Retry-After": "1" }, contentType: "application/problem+json", body: '{"detail":"busy"}' });
    else await route.continue();
  });
  await new Promise((resolve) => {
    page.on("response", async (response) => {
      if (!/\/device\/[^/]+$/.test(response.url()) || response.status() !== 200) return;
      const answer = await response.json();
      if (answer.status !== "waiting") return;
      check(answer.interval_seconds === 5, `the interval is ${answer.interval_seconds}`);
      if (++waiting === most) resolve();
    });
  });
  check(busy.length === 0, "the busy answers were not seen");
}

// The code that the hub shows is entered at the provider by somebody else's browser, late.
async function entersACode(browser, hub) {
  const { page } = hub;
  await hub.goto("/connections/new/screen");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("button", { name: "Authorise" }).click();
  const code = await page.locator(".user-code").innerText();
  hub.expected.add(429).add(503);
  await waitsForPolls(page, 3);
  const elsewhere = await (await browser.newContext()).newPage();
  await elsewhere.goto(await page.locator("main a[target=_blank]").getAttribute("href"));
  const input = elsewhere.locator("input[name=user_code][type=text]");
  await elsewhere.locator("button[type=submit]").first().waitFor();
  if (await input.isVisible()) {
    await input.fill(code);
    await elsewhere.locator("button[type=submit]").first().click();
  }
  await elsewhere.getByText(code).waitFor();
  await elsewhere.locator("button[type=submit]").first().click();
  await hub.sees("Consent was given.");
  await page.getByRole("button", { name: "Test" }).click();
  await hub.sees("healthy");
}

await main(async () => {
  const browser = await openBrowser();
  const stage = await start();
  await requireHub(stage.url);
  try {
    const hub = await Hub.open(browser, stage.url);
    hub.allowed.add(stage.issuer);
    await fillsEveryKind(hub);
    await givesConsent(hub, stage);
    await changes(hub, stage);
    await entersACode(browser, hub);
    hub.clean();
  } finally {
    await browser.close();
  }
  const { code } = await stage.engine.stop();
  check(code === 0, `the engine ended with ${code}`);
});
