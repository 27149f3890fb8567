// A person's consent through the real binary, a real OpenID provider and browsers that keep cookies: it ends
// only in the browser in which it began, once, and every other way to its end is refused with what to do.
import fs from "node:fs";
import path from "node:path";

import { junctor } from "./support/callers.mjs";
import { Browser, OpenIdProvider } from "./support/openid.mjs";
import { Process, binary, check, eventually, freePort, main, tempDir } from "./support/processes.mjs";
import { run } from "./support/shop.mjs";

const definition = (issuer) => `
slug: mail
endpoints: {base_url: "${issuer}", issuer: "${issuer}"}
auth: {type: oidc, oauth2: {grant: authorization_code, scopes: [openid, offline_access], authorize_params: {prompt: consent}}}
vars:
  client_id: {}
  client_secret: {type: password}
actions:
  me: {method: GET, path: /mail/me, api: {path: /me}}
`;

const boxDefinition = (issuer) => definition(issuer).replace("slug: mail", "slug: box").replace("grant: authorization_code", "grant: device_code")
  .replace("/mail/me", "/box/me");

class World {
  async open() {
    this.folder = tempDir("consent");
    this.data = path.join(this.folder, "data");
    this.project = path.join(this.folder, "project");
    const [port, behindPort] = [await freePort(), await freePort()];
    this.base = `http://127.0.0.1:${port}`;
    this.behind = `http://127.0.0.1:${behindPort}`;
    this.callback = `${this.base}/oauth/callback`;
    this.provider = await new OpenIdProvider().listen([this.callback, "https://junctor.test/oauth/callback"]);
    fs.mkdirSync(path.join(this.project, "mail"), { recursive: true });
    fs.writeFileSync(path.join(this.project, "mail/integration.yaml"), definition(this.provider.url));
    fs.mkdirSync(path.join(this.project, "box"));
    fs.writeFileSync(path.join(this.project, "box/integration.yaml"), boxDefinition(this.provider.url));
    fs.writeFileSync(path.join(this.project, "junctor.yaml"),
      `integrations: [./mail, ./box]\nsettings: {allow_addresses: 127.0.0.0/8, data_dir: ${this.data}, port: ${port}}\n`);
    this.engine = new Process(binary("junctor"), ["serve", this.project]);
    await this.engine.ready(`${this.base}/readyz`);
    const scopes = ["--scopes", "connections:* actions:call runs:read"];
    this.token = junctor(this.data, "token", "create", "ours", ...scopes);
    this.stranger = junctor(this.data, "token", "create", "theirs", ...scopes, "--tenant", "other");
    return this;
  }

  async api(method, place, body, token = this.token) {
    const response = await fetch(this.base + place, { method,
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
      body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, text, body: text ? JSON.parse(text) : null };
  }

  // The runs of authorisations of a connection, newest first, with their calls; what they tell holds nothing secret.
  async authorisations(connection) {
    const { body } = await this.api("GET", "/v1/runs?kind=authorisation&limit=200");
    const out = [];
    for (const one of body.runs.filter((run) => run.connection === connection)) {
      const run = await this.api("GET", `/v1/runs/${one.id}`);
      const calls = await this.api("GET", `/v1/runs/${one.id}/calls`);
      for (const secret of [...this.provider.secrets, "web-secret-7f31"])
        check(!run.text.includes(secret) && !calls.text.includes(secret), `a secret is recorded: ${run.text} ${calls.text}`);
      out.push({ ...run.body, calls: calls.body.calls });
    }
    return out;
  }

  async connection(name, integration = "mail") {
    const made = await this.api("POST", "/v1/connections",
      { integration, name, vars: { client_id: "web", client_secret: "web-secret-7f31" } });
    check(made.status === 201 && made.body.status === "needs_authorisation", `created: ${made.text}`);
    return made.body.id;
  }

  async link(id, body = {}) {
    const answer = await this.api("POST", `/v1/connections/${id}/authorise`, body);
    check(answer.status === 200 && answer.body.url.startsWith(`${this.base}/oauth/begin?ticket=`), `the link: ${answer.text}`);
    return answer.body.url;
  }

  // The provider lives in this process, so the command runs beside it.
  async linkByCommand(connection, ...more) {
    const { status, stdout, stderr } = await run([binary("junctor"), "connections", "authorise", connection, "--project", this.project, ...more]);
    check(status === 0 && stderr.includes("open this link"), `connections authorise: ${status} ${stderr}`);
    return stdout.trim();
  }

  async expectStatus(id, status) {
    const found = (await this.api("GET", `/v1/connections/${id}`)).body.status;
    check(found === status, `the connection is ${found}, expected ${status}`);
  }
}

// A refusal reads the same for a person and for a program, and holds on to nothing.
async function refused(browser, url, code, words) {
  const page = await browser.get(url);
  check(page.status === 403 && page.headers.get("content-type").startsWith("text/html"), `${code}: ${page.status} ${page.text}`);
  for (const word of words) check(page.text.includes(word), `the page of ${code} lacks "${word}": ${page.text}`);
  check(page.headers.get("cache-control") === "no-store" && page.headers.get("referrer-policy") === "no-referrer", `headers of ${code}`);
}
async function problem(browser, url, code) {
  const answer = await browser.get(url, { Accept: "application/json" });
  check(answer.status === 403 && JSON.parse(answer.text).code === code, `${code}: ${answer.status} ${answer.text}`);
}

async function endsWhereItBegan(world) {
  const id = await world.connection("good");
  const ann = new Browser();
  const link = await world.link(id);
  const looked = await fetch(link, { method: "HEAD", redirect: "manual" });
  check(looked.status === 200 && looked.headers.getSetCookie().length === 0, "HEAD begins a consent");
  const first = await ann.get(link);
  check(first.status === 303 && first.location.startsWith(world.provider.url), `the link: ${first.status} ${first.text}`);
  const [cookie] = first.cookies;
  for (const part of ["HttpOnly", "SameSite=Lax", "Path=/oauth/callback", "Max-Age=900"])
    check(cookie.split("; ").includes(part), `the cookie lacks ${part}: ${cookie}`);
  check(!cookie.includes("Secure") && !first.location.includes(cookie.split(/[=;]/)[1]), `the cookie: ${cookie}`);
  const sent = new URL(first.location).searchParams;
  check(sent.get("code_challenge_method") === "S256" && sent.get("redirect_uri") === world.callback, first.location);
  await refused(ann, link, "consent_unknown", ["used already", "start it again"]);
  await problem(ann, link, "consent_unknown");

  const back = await ann.follow(first.location, world.callback);
  check(new URL(back).searchParams.get("iss") === world.provider.url, `the provider names itself: ${back}`);
  const done = await ann.get(back);
  check(done.status === 200 && done.text.includes("mail/good is authorised"), `the end: ${done.status} ${done.text}`);
  check(ann.cookies.every((one) => !one.name.includes("junctor")), "the cookie stays");
  await world.expectStatus(id, "ready");
  const me = await world.api("POST", "/v1/integrations/mail/actions/me", {});
  check(me.status === 200 && me.body.sub === "ann", `a call: ${me.text}`);
  await refused(ann, back, "consent_unknown", ["used already", "start it again"]);
  check(world.provider.exchanged === 1, `${world.provider.exchanged} codes were exchanged`);
}

// What went to the provider can be read, by whoever may read runs.
async function isRecorded(world) {
  const [consent] = await world.authorisations("mail/good");
  check(consent.status === "completed" && consent.subject === "consent" && consent.trigger === "person", JSON.stringify(consent));
  const [call] = consent.calls;
  const sent = JSON.parse(call.request.body);
  check(call.method === "POST" && call.status === 200 && call.url.startsWith(world.provider.url) && call.total_us > 0 && call.response.bytes > 0, JSON.stringify(call));
  check(sent.grant_type === "authorization_code" && sent.code === "[redacted]" && sent.code_verifier === "[redacted]", call.request.body);
  check(world.provider.secrets.size >= 4, "the provider told too few secrets to look for");

  const id = await world.connection("gone");
  const ann = new Browser();
  const back = new URL(await ann.follow(await world.link(id), world.callback));
  back.searchParams.set("code", "canary-code-that-is-none");
  check((await ann.get(back.href)).status === 409, "an invented code");
  const [refused] = await world.authorisations("mail/gone");
  check(refused.status === "failed" && refused.error.message.includes("invalid_grant") && refused.calls[0].status === 400, JSON.stringify(refused));
  check(!JSON.stringify(refused).includes("canary-code"), JSON.stringify(refused));
  const theirs = await world.api("GET", "/v1/runs?kind=authorisation", undefined, world.stranger);
  check(theirs.body.runs.length === 0, `another tenant reads: ${theirs.text}`);

  check((await ann.get(await ann.follow(await world.link(id), world.callback))).status === 200, "authorised");
  check((await world.api("POST", `/v1/connections/${id}/revoke`)).status === 204, "revoked");
  const [revocation] = await world.authorisations("mail/gone");
  check(revocation.subject === "revocation" && revocation.calls[0].status === 200 &&
    JSON.parse(revocation.calls[0].request.body).token === "[redacted]", JSON.stringify(revocation));
}

async function deviceIsRecorded(world) {
  const id = await world.connection("tv", "box");
  const code = await world.api("POST", `/v1/connections/${id}/device`);
  check(code.status === 200, code.text);
  world.provider.secrets.add(code.body.user_code);
  await eventually(async () => {
    await world.api("POST", `/v1/connections/${id}/device/${code.body.handle}`);
    return (await world.authorisations("box/tv")).length > 1;
  }, { what: "a poll" });
  const steps = await world.authorisations("box/tv");
  check(steps.map((one) => one.subject).join() === "device_poll,device_code", JSON.stringify(steps));
  check(JSON.parse(steps[0].calls[0].response.body).error === "authorization_pending", JSON.stringify(steps[0]));
  const answer = JSON.parse(steps[1].calls[0].response.body);
  check(answer.device_code === "[redacted]" && answer.user_code === "[redacted]" && answer.expires_in > 0, JSON.stringify(answer));
}

async function anotherBrowser(world) {
  const id = await world.connection("elsewhere");
  const [ann, mallory] = [new Browser(), new Browser()];
  const before = world.provider.exchanged;
  const attempt = async () => ann.follow(await world.link(id), world.callback);
  await refused(mallory, await attempt(), "another_browser", ["did not begin in this browser", "start it again"]);
  await problem(mallory, await attempt(), "another_browser");
  // A cookie of another attempt is not this one's.
  await mallory.follow(await world.link(id), world.callback);
  const back = await attempt();
  const [own] = mallory.cookies.filter((one) => one.name.includes("junctor"));
  const named = ann.cookies.findLast((one) => one.name.includes("junctor")).name;
  mallory.cookies.push({ ...own, name: named });
  await problem(mallory, back, "another_browser");
  await problem(ann, back, "consent_unknown");
  check(world.provider.exchanged === before, "a code was exchanged for another browser");
  await world.expectStatus(id, "needs_authorisation");
}

async function severalAtOnce(world) {
  const ann = new Browser();
  const ids = [await world.connection("one"), await world.connection("two"), await world.connection("three")];
  const backs = [];
  for (const id of ids) backs.push(await ann.follow(await world.link(id), world.callback));
  for (const at of [2, 0, 1]) {
    const done = await ann.get(backs[at]);
    check(done.status === 200, `consent ${at} of several: ${done.status} ${done.text}`);
    await world.expectStatus(ids[at], "ready");
  }
}

async function otherIssuersAndTenants(world) {
  const id = await world.connection("issuers");
  const ann = new Browser();
  const mixed = new URL(await ann.follow(await world.link(id), world.callback));
  mixed.searchParams.set("iss", "https://evil.test");
  await problem(ann, mixed.href, "another_issuer");
  const silent = new URL(await ann.follow(await world.link(id), world.callback));
  silent.searchParams.delete("iss");
  await refused(ann, silent.href, "another_issuer", ["does not name its issuer", "start again"]);
  await world.expectStatus(id, "needs_authorisation");
  const theirs = await world.api("POST", `/v1/connections/${id}/authorise`, {}, world.stranger);
  check(theirs.status === 404 && theirs.body.code === "unknown_connection", `another tenant: ${theirs.text}`);
}

async function waysBack(world) {
  const id = await world.connection("back");
  const ann = new Browser();
  const done = await ann.get(await ann.follow(await world.link(id, { return_to: "/connections" }), world.callback));
  check(done.status === 303 && done.location === `${world.base}/connections`, `return_to: ${done.status} ${done.location}`);
  for (const away of ["https://evil.test/", "//evil.test", "/\\evil.test", "connections"]) {
    const answer = await world.api("POST", `/v1/connections/${id}/authorise`, { return_to: away });
    check(answer.status === 422 && answer.body.code === "request_invalid", `return_to ${away}: ${answer.text}`);
  }
}

async function byCommandLine(world) {
  const vars = path.join(world.folder, "vars.json");
  fs.writeFileSync(vars, JSON.stringify({ client_id: "web", client_secret: "web-secret-7f31" }));
  junctor(world.data, "connections", "add", "mail", "--name", "typed", "--vars-file", vars, "--project", world.project);
  const link = await world.linkByCommand("mail/typed");
  check(link.startsWith(`${world.base}/oauth/begin?ticket=`), `the command prints ${link}`);
  const ann = new Browser();
  const done = await ann.get(await ann.follow(link, world.callback));
  check(done.status === 200 && done.text.includes("mail/typed is authorised"), done.text);
}

// The engine behind a proxy that speaks https: the cookie cannot be planted by a neighbouring host.
async function behindHttps(world) {
  const engine = new Process(binary("junctor"), ["serve", world.project, "--port", new URL(world.behind).port,
    "--public-url", "https://junctor.test", "--roles", "api"]);
  await engine.ready(`${world.behind}/readyz`);
  const id = await world.connection("https");
  const link = await world.linkByCommand("mail/https", "--public-url", "https://junctor.test/");
  check(link.startsWith("https://junctor.test/oauth/begin?ticket="), link);
  const ann = new Browser();
  const begun = await ann.get(link.replace("https://junctor.test", world.behind));
  const [cookie] = begun.cookies;
  check(cookie.startsWith("__Host-junctor-consent-"), cookie);
  for (const part of ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"])
    check(cookie.split("; ").includes(part), `the cookie lacks ${part}: ${cookie}`);
  const back = await ann.follow(begun.location, "https://junctor.test/oauth/callback");
  const done = await ann.get(back.replace("https://junctor.test", world.behind));
  check(done.status === 200, `behind https: ${done.status} ${done.text}`);
  await world.expectStatus(id, "ready");
  await engine.stop();
}

async function endedGrant(world) {
  const call = async () => {
    const response = await fetch(`${world.base}/v1/integrations/mail/actions/me`, { method: "POST",
      headers: { Authorization: `Bearer ${world.token}`, "Content-Type": "application/json", "Junctor-Connection": "good" }, body: "{}" });
    return { status: response.status, text: await response.text() };
  };
  check((await call()).status === 200, "the grant still counts");
  await world.provider.revoke();
  for (const round of ["at once", "and from then on"]) {
    const { status, text } = await call();
    const body = JSON.parse(text);
    check(status === 409 && body.code === "grant_expired" && body.type === "urn:junctor:problem:grant_expired" && body.detail.includes("authorise it again"),
      `an ended grant ${round}: ${status} ${text}`);
  }
  const { body } = await world.api("GET", "/v1/connections?integration=mail");
  const good = body.items.find((one) => one.name === "good");
  check(good.status === "grant_expired" && good.status_reason.includes("invalid_grant"), JSON.stringify(good));
  const ann = new Browser();
  check((await ann.get(await ann.follow(await world.link(good.id), world.callback))).status === 200, "authorised again");
  check((await call()).status === 200, "it works again");
}

await main(async () => {
  const world = await new World().open();
  await endsWhereItBegan(world);
  await isRecorded(world);
  await deviceIsRecorded(world);
  await anotherBrowser(world);
  await severalAtOnce(world);
  await otherIssuersAndTenants(world);
  await waysBack(world);
  await byCommandLine(world);
  await endedGrant(world);
  await behindHttps(world);
});
