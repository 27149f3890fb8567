// Connections by command line and API, on one database: made, tested, with their choices, and every way in
// which they can be wrong told apart.
import fs from "node:fs";
import path from "node:path";

import { check, main, sourceDir } from "./support/processes.mjs";
import { Shop, rightKey } from "./support/shop.mjs";

const same = (found, expected, what) =>
  check(JSON.stringify(found) === JSON.stringify(expected), `${what}: ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);

// Every error has a type of its own, and the documentation says what to do about it.
const table = fs.readFileSync(path.join(sourceDir, "docs/credentials.md"), "utf8");
function documented(body) {
  check(body.type === `urn:junctor:problem:${body.code}`, `the type of ${body.code}: ${body.type}`);
  const row = table.split("\n").find((line) => line.startsWith(`| \`${body.code}\` |`) && line.split("|").length === 5);
  check(row && row.split("|")[3].trim(), `docs/credentials.md does not say what to do about ${body.code}`);
}

function succeeds(what, result, ...words) {
  check(result.status === 0, `${what}: exit code ${result.status}: ${result.stderr}`);
  for (const word of words)
    check((result.stdout + result.stderr).includes(word), `${what}: "${result.stdout}${result.stderr}" lacks "${word}"`);
}

function fails(what, result, ...words) {
  check(result.status === 1, `${what}: exit code ${result.status}, expected 1: ${result.stdout}${result.stderr}`);
  for (const word of words) check(result.stderr.includes(word), `${what}: "${result.stderr}" lacks "${word}"`);
}

async function byCommandLine(shop) {
  const here = ["--project", shop.project];
  const vars = path.join(shop.folder, "vars.json");
  const file = (content) => {
    fs.writeFileSync(vars, JSON.stringify(content));
    return ["--vars-file", vars];
  };
  const add = (name, content, ...more) => shop.junctor(["connections", "add", "shop", "--name", name, ...file(content), ...here, ...more]);

  succeeds("a right key", await add("right", { key: rightKey, region: "eu", folder: 7 }, "--test"), "shop/right", "healthy");
  fails("a wrong key", await add("wrong", { key: "sk-wrong-0815", region: "eu", folder: 7 }, "--test"), "failing", "401", "bad_key");
  const shown = await shop.junctor(["connections", "show", "shop/wrong", "--data-dir", `${shop.folder}/data`]);
  const wrong = JSON.parse(shown.stdout);
  check(wrong.health.state === "failing" && wrong.health.checked_at, `the health is not recorded: ${shown.stdout}`);
  check(!shown.stdout.includes("sk-wrong"), "show prints a secret");
  succeeds("from standard input", await shop.junctor(
    ["connections", "add", "shop", "--name", "piped", "--vars-file", "-", ...here],
    { input: JSON.stringify({ key: rightKey, region: "us", folder: 8 }) }), "ready");
  succeeds("later", await shop.junctor(["connections", "test", "shop/piped", ...here]), "healthy");
  succeeds("choices", await shop.junctor(["connections", "options", "shop/right", "folder", ...here]), "7  Inbox", "8  Other");

  const set = (...more) => shop.junctor(["connections", "set", "shop/piped", ...here, ...more]);
  const version = async () => JSON.parse((await shop.junctor(["connections", "show", "shop/piped", ...here])).stdout).version;
  const before = await version();
  succeeds("a change of nothing", await set(...file({ key: "••••••••", region: "us" }), "--name", "piped"), "ready");
  check(await version() === before, "a change of nothing counts as one");
  succeeds("a change", await set(...file({ region: "eu" })), "ready");
  check(await version() === before + 1, "a change does not count");
  const nothing = await set();
  check(nothing.status === 2 && nothing.stderr.includes("--vars-file"), `no change given: ${nothing.stderr}`);

  // A file that holds no vars.
  const given = (text) => (fs.writeFileSync(vars, text), ["--vars-file", vars]);
  fails("a folder", await set("--vars-file", shop.folder), `${shop.folder} cannot be read: Is a directory`);
  fails("no file", await set("--vars-file", `${shop.folder}/nowhere`), "nowhere cannot be read: No such file");
  fails("no JSON", await set(...given('{\n  "region": eu\n}')), `${vars}:2`, "JSON");
  fails("no object", await set(...given("[]")), vars, "an object with a member for each var");
  fails("a key twice", await set(...given('{"region": "eu",\n "region": "us"}')), `${vars}:2`, 'the key "region" a second time');
  fails("no end", await set("--vars-file", "/dev/zero"), "/dev/zero holds more than 1048576 bytes");
  fails("no end on standard input", await shop.junctor(["connections", "set", "shop/piped", "--vars-file", "-", ...here],
    { input: " ".repeat(1024 * 1024 + 1) }), "standard input holds more than 1048576 bytes");

  fails("undeclared, missing and wrong", await add("bad", { kye: "x", region: "eu", plan: 2, seats: "many" }),
    "vars.kye", 'expected one of "key", "plan"', 'did you mean "key"?', "vars.key", "vars.seats", "a number");
  fails("a name that is taken", await add("right", { key: "x", region: "eu" }), "already has a connection");
  fails("an unknown integration", await shop.junctor(["connections", "add", "shopp", ...file({}), ...here]), "shopp");
  fails("an unknown connection", await shop.junctor(["connections", "test", "shop/nobody", ...here]), "shop/nobody");
  const noTerminal = await shop.junctor(["connections", "add", "shop", ...here]);
  check(noTerminal.status === 2 && noTerminal.stderr.includes("--vars-file"), `without a terminal: ${noTerminal.stderr}`);
}

// A person types; `script` gives the command a terminal. What is typed for the key is not echoed.
async function onATerminal(shop) {
  const command = (binary, args) => ["script", "-qec", [binary, ...args].join(" "), "/dev/null"];
  const answers = [["Key", rightKey], ["region", "us"], ["Plan", "2"], ["eats", "5"], ["older", "8"]];
  let output = "";
  const result = await shop.junctor(["connections", "add", "shop", "--name", "typed", "--test", "--project", shop.project], {
    wrap: command,
    input: (child) => {
      let at = 0;
      child.stdout.on("data", (bytes) => {
        output += bytes;
        // One answer per question, each after it has been asked.
        const asked = output.split(": ").length - 1;
        while (at < answers.length && at < asked && output.toLowerCase().includes(answers[at][0].toLowerCase())) {
          const [, text] = answers[at];
          at += 1;
          setTimeout(() => child.stdin.write(text + "\n"), 100);
          break;
        }
      });
    },
  });
  check(result.status === 0, `on a terminal: ${result.status}\n${output}`);
  check(!output.includes(rightKey), `the key was echoed:\n${output}`);
  for (const word of ["from the settings page", '"eu"', "Two", "Inbox", "healthy"])
    check(output.includes(word), `the terminal lacks "${word}":\n${output}`);
  const { body } = await shop.api("GET", "/v1/connections?integration=shop");
  const typed = body.items.find((one) => one.name === "typed");
  same([typed.status, typed.vars.region, typed.vars.plan, typed.vars.seats, typed.vars.folder],
    ["ready", "us", 2, 5, 8], "what was typed");
}

async function byApi(shop) {
  const create = (vars, name, more = {}) => shop.api("POST", "/v1/connections", { integration: "shop", name, vars, ...more });
  const good = { key: rightKey, region: "eu", folder: 7 };
  const made = await create(good, "api");
  check(made.status === 201 && made.body.vars.key === "••••••••", `created: ${made.text}`);
  const at = `/v1/connections/${made.body.id}`;
  const test = await shop.api("POST", `${at}/test`);
  check(test.status === 200 && test.body.state === "healthy" && test.body.checked_at, `tested: ${test.text}`);
  same((await shop.api("GET", `${at}/vars/folder/options`)).body.items[0], { value: 7, label: "Inbox" }, "fetched choices");
  const before = await shop.api("POST", "/v1/integrations/shop/vars/region/options", { vars: {} });
  same(before.body.items.map((one) => one.value), ["eu", "us"], "choices before there is a connection");
  const early = await shop.api("POST", "/v1/integrations/shop/vars/folder/options", {});
  check(early.status === 409 && early.body.code === "not_authorised", `choices too early: ${early.text}`);
  const { vars: fields, auth } = (await shop.api("GET", "/v1/integrations/shop")).body;
  same(auth, [{ slug: "default", label: "Default", type: "api_key", grant: null, needs_consent: false }], "how it authenticates");
  same(fields.map((field) => field.key), ["folder", "key", "region", "plan", "seats"], "fields in their order");
  check(fields[0].after_authorisation && fields[1].secret && fields[4].visible_when.equals === 2, JSON.stringify(fields));

  // Masked values written back keep the secret.
  const masked = await shop.api("PATCH", at, { vars: { ...made.body.vars, region: "us" } });
  check(masked.status === 200 && masked.body.vars.region === "us", masked.text);
  check((await shop.api("POST", `${at}/test`)).body.state === "healthy", "the mask replaced the secret");

  const refused = async (what, status, code, answer) => {
    const { status: found, body, text } = await answer;
    check(found === status && body.code === code, `${what}: ${found} ${text}, expected ${status} ${code}`);
    documented(body);
    return body;
  };
  const problems = await refused("wrong vars", 422, "vars_invalid", create({ kye: 1, region: "eu", plan: 2, seats: "many" }, "x"));
  same(problems.problems?.map((one) => one.path).sort() ?? problems.errors?.map((one) => one.path).sort(),
    ["vars.key", "vars.kye", "vars.seats"], "every problem at once");
  await refused("a name that is taken", 409, "name_taken", create(good, "api"));
  await refused("an unknown integration", 404, "unknown_integration", create(good, "x", { integration: "shopp" }));
  await refused("an unknown connection", 404, "unknown_connection", shop.api("POST", "/v1/connections/018f0000-0000-7000-8000-000000000000/test"));
  await refused("an old version", 409, "changed_meanwhile", shop.api("PATCH", at, { version: 1, name: "other" }));
  for (const wrong of [{ enabled: "false" }, { enabled: 0 }, { version: "1" }, { version: 1.5 }, { version: -1 }])
    await refused(`a change of ${JSON.stringify(wrong)}`, 422, "request_invalid", shop.api("PATCH", at, wrong));
  await refused("an unknown member", 422, "request_invalid", create(good, "x", { nam: "y" }));
  await refused("a name of another kind", 422, "request_invalid", create(good, 5));
  await refused("a bad name", 422, "request_invalid", create(good, "a/b"));
  for (const query of ["after=zzz", "limit=abc", "limit=0", "limit=5000"])
    same((await shop.api("GET", `/v1/connections?${query}`)).status, 400, `connections with ${query}`);
  await shop.api("PATCH", at, { enabled: false });
  const call = (connection, action = "health", input = {}) =>
    fetch(`${shop.engineUrl}/v1/integrations/shop/actions/${action}`, {
      method: "POST", headers: { "Content-Type": "application/json", "Junctor-Connection": connection }, body: JSON.stringify(input),
    }).then(async (response) => {
      const text = await response.text();
      return { status: response.status, body: JSON.parse(text), text };
    });
  await refused("a disabled connection", 409, "disabled_connection", call("api"));
  check((await shop.api("POST", `${at}/test`)).body.state === "healthy", "a disabled connection can be tested");
  await refused("an input that does not fit", 422, "input_invalid", call("right", "get_order", { id: "x" }));
  await refused("an unknown name", 404, "unknown_connection", call("nobody"));
  await refused("an unknown action", 404, "unknown_action", call("right", "nothing"));
  const some = (place, body, headers = {}) => fetch(shop.engineUrl + place, {
    method: "POST", headers: { "Content-Type": "application/json", ...headers }, body,
  }).then(async (response) => {
    const text = await response.text();
    return { status: response.status, body: JSON.parse(text), text };
  });
  await refused("no name of several", 400, "several_connections", some("/v1/integrations/shop/actions/health", "{}"));
  await refused("an action of an unknown integration", 404, "unknown_integration", some("/v1/integrations/nope/actions/x", "{}"));
  await refused("the plug of an unknown integration", 404, "unknown_integration", some("/v1/integrations/nope/plug", '{"path":"/"}'));
  await refused("a wrong member for the plug", 400, "request_invalid", some("/v1/integrations/shop/plug", '{"path":5}'));
  for (const body of ["{", "[]"]) {
    const what = await refused(`the body ${body}`, 400, "request_invalid", some("/v1/integrations/shop/actions/health", body));
    check(what.errors[0].path === "body", JSON.stringify(what));
  }
  await refused("a body of a connection that is no JSON", 400, "request_invalid", some("/v1/connections", "{"));

  // The provider's status, code and message are kept.
  const gone = await call("right", "get_order", { id: 404 });
  check(gone.status === 404, gone.text);
  documented(gone.body);
  check(gone.body.code === "provider_answer", gone.text);
  same(gone.body.provider, { status: 404, code: "no_order", message: "there is no such order" }, "the provider's words");
  const unknown = await call("wrong");
  check(!unknown.text.includes("sk-wrong-0815"), `the key that the provider repeats is shown: ${unknown.text}`);

  // The host goes away.
  await shop.close();
  const away = await shop.api("POST", `${at}/test`);
  check(away.status === 200 && away.body.state === "failing" && away.body.message, `an absent host: ${away.text}`);
}

// Also of the codes that are not met here.
function everyCodeIsDocumented() {
  const header = fs.readFileSync(path.join(sourceDir, "src/vault/connection.h"), "utf8");
  const codes = header.split("enum class ConnectionError {")[1].split("};")[0].match(/^  \w+(?=,)/gm);
  check(codes.length > 15, "the codes are not read");
  for (const code of codes) documented({ code: code.trim(), type: `urn:junctor:problem:${code.trim()}` });
}

await main(async () => {
  everyCodeIsDocumented();
  const shop = await new Shop().open();
  await byCommandLine(shop);
  await shop.serve();
  await onATerminal(shop);
  await byApi(shop);
  const { code } = await shop.engine.stop();
  check(code === 0, `the engine ended with ${code}`);
});
