// `junctor plug` and its API: actions and any path through the real client, compared with their schemas, kept
// as fixtures.
import fs from "node:fs";
import path from "node:path";

import { Process, binary, check, freePort, main } from "./support/processes.mjs";
import { Shop, rightKey } from "./support/shop.mjs";

const same = (found, expected, what) =>
  check(JSON.stringify(found) === JSON.stringify(expected), `${what}: ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);

function ended(what, result, status, ...words) {
  const all = result.stdout + result.stderr;
  check(result.status === status, `${what}: exit code ${result.status}, expected ${status}: ${all}`);
  for (const word of words) check(all.includes(word), `${what}: "${all}" lacks "${word}"`);
  check(!all.includes(rightKey), `${what} shows the key: ${all}`);
}

// A definition that the engine does not serve.
function other(shop) {
  const place = path.join(shop.folder, "other");
  fs.mkdirSync(place);
  fs.writeFileSync(path.join(place, "integration.yaml"),
    "slug: other\nendpoints: {base_url: http://127.0.0.1:9}\nauth: {type: none}\nactions: {ask: {api: {path: /}}}\n");
  return place;
}

// With authentication, a refusal says how to give a token.
async function withoutToken(shop) {
  const port = await freePort();
  const engine = new Process(binary("junctor"), ["serve", "--port", port, "--data-dir", path.join(shop.folder, "closed"), shop.place]);
  await engine.ready(`http://127.0.0.1:${port}/readyz`);
  for (const token of [[], ["--token", "jct_wrong"]])
    ended("no token", await shop.junctor(["plug", "call", shop.place, "health", "--server", `http://127.0.0.1:${port}`, ...token]), 1,
      "the engine answered 401", "--token", "JUNCTOR_TOKEN");
  await engine.stop();
}

async function byCommandLine(shop) {
  const plug = (...args) => shop.junctor(["plug", ...args]);
  const there = ["--server", shop.engineUrl, "--connection", "main"];
  ended("list", await plug("list", shop.project), 0, "shop", "5 actions");
  ended("info", await plug("info", shop.place), 0, "get_order", "GET /orders/{id}", '"secret": true');

  ended("an action", await plug("call", shop.place, "get_order", "--input", '{"id": 5}', ...there), 0, '"total": 9.5', "run ");
  ended("compared", await plug("call", shop.place, "get_order", "--input", '{"id": 5}', "--compare", ...there), 1,
    "undocumented /note", "undocumented /lines");
  ended("kept", await plug("call", shop.place, "get_order", "--input", '{"id": 5}', "--save", "gift", ...there), 0, "saved");
  same(JSON.parse(fs.readFileSync(path.join(shop.place, "fixtures/gift.json"))).input, { id: 5 }, "the fixture");
  const gift = path.join(shop.place, "fixtures/gift.json");
  const calls = shop.seen.length;
  const again = ["call", shop.place, "get_order", "--input", '{"id": 6}', "--save", "gift"];
  ended("a name that a fixture has", await plug(...again, ...there), 1, "gift.json exists already", "--replace");
  same([JSON.parse(fs.readFileSync(gift)).input, shop.seen.length], [{ id: 5 }, calls], "the fixture that stands there, and calls for another");
  ended("one to be replaced", await plug(...again, "--replace", ...there), 0, "saved");
  same(JSON.parse(fs.readFileSync(gift)).input, { id: 6 }, "the fixture in its place");
  ended("an action that repeats the key", await plug("call", shop.place, "repeat", "--save", "leak", ...there), 0, "[redacted]");
  const leak = fs.readFileSync(path.join(shop.place, "fixtures/leak.json"), "utf8");
  check(leak.includes("[redacted]") && !leak.includes(rightKey) && !leak.includes("pin-4321"), `the fixture keeps a secret: ${leak}`);
  const sent = shop.seen.length;
  ended("a bad name for a fixture", await plug("call", shop.place, "get_order", "--input", '{"id": 5}', "--save", "../x", ...there), 1, "1 to 64");
  same(shop.seen.length, sent, "calls before the name is judged");
  ended("an action that fails", await plug("call", shop.place, "get_order", "--input", '{"id": 404}', ...there), 1,
    "404 (no_order)", "there is no such order");
  ended("an input that does not fit", await plug("call", shop.place, "get_order", ...there), 1, "id");
  ended("no such action", await plug("call", shop.place, "nothing", ...there), 1, "nothing");

  ended("a path", await plug("send", shop.place, "GET", "/orders/5?full=1", ...there), 0, "200 in", '"sku": "a"');
  ended("a path compared", await plug("send", shop.place, "GET", "/orders/5", "--compare", ...there), 1, "undocumented /note");
  // The echo says 207: a credential that comes back is cut out.
  ended("an echo", await plug("send", shop.place, "PUT", "/echo?a=b", "--body", '{"c": 1}', "--headers", '{"X-Mine": "yes"}', ...there),
    0, '"x-mine": "yes"', '"method": "PUT"', "[redacted]");
  same(shop.seen.at(-1).body, '{"c": 1}', "the body sent");
  same(shop.seen.at(-1).headers["x-key"], rightKey, "the key sent");
  ended("bytes", await plug("send", shop.place, "GET", "/bytes", ...there), 0, "[bytes, base64]");
  ended("no JSON to compare", await plug("send", shop.place, "GET", "/orders/text", "--compare", ...there), 1, "the answer is no JSON");
  ended("headers that are no object", await plug("send", shop.place, "GET", "/echo", "--headers", "[1]", ...there), 1, "`headers` is an object");
  ended("a Host of one's own", await plug("send", shop.place, "GET", "/echo", "--headers", '{"Host": "evil.example"}', ...there), 1, "Host");
  check(shop.seen.every((one) => one.headers.host === new URL(shop.url).host), "a request went to another host");
  ended("no folder", await plug("list", path.join(shop.folder, "nowhere")), 1, "nowhere is no folder");
  ended("a folder without definitions", await plug("list", shop.place + "/fixtures"), 1, "holds no folder");
  ended("no engine", await plug("call", shop.place, "health", "--server", shop.url), 1, "it is no engine");
  ended("a slash too many", await plug("call", shop.place, "health", "--server", shop.engineUrl + "/", "--connection", "main"), 0, "somebody");
  ended("no engine there", await plug("call", shop.place, "health", "--server", "http://127.0.0.1:9"), 1,
    "no engine answers at http://127.0.0.1:9", "--server");
  ended("no such command", await plug("blah"), 2, 'plug has no command "blah"; it has list, info, call, send');
  ended("an unknown integration", await plug("call", other(shop), "ask", ...there), 1, "the engine answered 404", "other");
  const broken = path.join(shop.project, "broken");
  fs.mkdirSync(broken);
  fs.writeFileSync(path.join(broken, "integration.yaml"), "slug: [");
  ended("a broken neighbour", await plug("list", shop.project), 1, "shop  Shop", "broken: 1 fault;");
  fs.rmSync(broken, { recursive: true });
  const elsewhere = await plug("send", shop.place, "GET", "http://127.0.0.1:9/", ...there);
  ended("another host", elsewhere, 1, "the path leads to http://127.0.0.1:9, which is no host of shop", "endpoints.hosts");
}

async function byApi(shop) {
  const plug = (question) => shop.api("POST", "/v1/integrations/shop/plug", { connection: "main", ...question });
  const order = await plug({ action: "get_order", input: { id: 6 }, save: "six" });
  check(order.status === 200 && order.body.output.id === 6 && order.body.saved.endsWith("six.json"), order.text);
  same(order.body.differences.map((one) => one.kind), ["undocumented", "undocumented"], "differences");
  same(order.body.fixture.input, { id: 6 }, "the fixture");
  const run = await shop.api("GET", `/v1/runs/${order.body.run}`);
  same([run.body.trigger, run.body.subject, run.body.status], ["plug", "get_order", "completed"], "its run");

  const sent = await plug({ path: "/orders/7", query: { full: true }, compare: true });
  same([sent.body.status, sent.body.action, sent.body.body.id], [200, "get_order", 7], "a path");
  check(sent.body.headers.some((one) => one.name.toLowerCase() === "content-type"), sent.text);
  same(shop.seen.at(-1).url, "/orders/7?full=true", "its query");
  const bytes = await plug({ path: "/bytes" });
  same([bytes.body.body, bytes.body.body_bytes], [{ base64: "//4A", content_type: "application/octet-stream" }, 3], "bytes");
  const repeated = await plug({ action: "repeat" });
  check(repeated.text.includes("[redacted]") && !repeated.text.includes(rightKey), repeated.text);
  const refused = await plug({ action: "get_order", input: { id: 404 } });
  same(refused.body.failure.code, "provider_answer", "the code of a provider's refusal");
  same([refused.status, refused.body.failure.provider.status, refused.body.failure.provider.code], [200, 404, "no_order"], "a failure");
  same((await shop.api("GET", `/v1/runs/${refused.body.run}`)).body.status, "failed", "its run");
  const unfit = await plug({ action: "get_order", input: {} });
  same(unfit.body.failure.errors, [{ path: "$", message: "the member 'id' is missing" }], "what is wrong with an input");
  const unknown = await plug({ action: "get_order", input: { id: 1 }, connection: "nobody" });
  same(unknown.body.failure.code, "unknown_connection", "an unknown connection");
  same(unfit.body.failure.code, "input_invalid", "the code of an unfit input");
  const before = shop.seen.length;
  for (const wrong of [{}, { action: "get_order", path: "/x" }, { path: "orders" }, { pth: "/x" }, { path: "/x", query: "a=b" },
    { path: "/x", headers: "x" }, { path: "/x", compare: 7 }, { path: "/x", input: {} }, { path: "/a b" }, { path: "/é" }, { path: "/\\evil.example" }, { path: "http" }])
    same((await plug(wrong)).status, 400, `${JSON.stringify(wrong)} is refused`);
  same(shop.seen.length, before, "calls that were refused and went out");
  const code = async (question) => (await plug(question)).body.failure?.code;
  same(await code({ path: "http://evil.example/" }), "host_not_allowed", "another host");
  same(await code({ action: "nothing" }), "unknown_action", "an unknown action");
  same(await code({ path: "/x", compare: "nothing" }), "unknown_action", "an unknown action to compare with");
  const noUrl = await plug({ path: "http://[" });
  same([noUrl.body.failure.kind, noUrl.body.failure.message], ["invalid", 'the path "http://[" makes no URL of shop'], "no URL");
  const taken = await plug({ action: "get_order", input: { id: 1 }, save: "leak" });
  check(taken.body.failure.kind === "conflict" && taken.body.failure.message.includes("leak.json exists already"), taken.text);
  const replaced = await plug({ action: "get_order", input: { id: 1 }, save: "leak", replace: true });
  check(replaced.body.saved?.endsWith("leak.json"), replaced.text);
  const climbing = await plug({ action: "get_order", input: { id: 1 }, save: "../../x" });
  check(climbing.body.failure.kind === "invalid", climbing.text);
}

await main(async () => {
  const shop = await new Shop().open();
  await shop.serve();
  const made = await shop.api("POST", "/v1/connections",
    { integration: "shop", name: "main", vars: { key: rightKey, region: "eu", folder: 7 } });
  check(made.status === 201, made.text);
  await byCommandLine(shop);
  await byApi(shop);
  await withoutToken(shop);
  await shop.close();
  const { code } = await shop.engine.stop();
  check(code === 0, `the engine ended with ${code}`);
});
