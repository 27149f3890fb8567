// SIGHUP reads the project again: a wrong definition leaves the old one in force and says why; a right
// one, with new actions, integrations and connections, is in force at once.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";

import {
  Process, binary, check, eventually, freePort, getJson, main, postJson, tempDir,
} from "./support/processes.mjs";

const definition = (actions) => ["slug: shop", 'endpoints: {base_url: "{vars.base_url}"}',
  "vars: {base_url: {type: url}}", "actions:", ...actions, ""].join("\n");
const list = "  list_orders: {api: {method: GET, path: /orders}}";
const count = "  count_orders: {api: {method: GET, path: /count}}";

function write(folder, actions, connections) {
  fs.mkdirSync(path.join(folder, "shop"), { recursive: true });
  fs.writeFileSync(path.join(folder, "shop/integration.yaml"), definition(actions));
  fs.writeFileSync(path.join(folder, "junctor.yaml"), JSON.stringify({
    integrations: ["./shop"], connections, settings: { allow_addresses: "127.0.0.0/8" },
  }));
}

async function shopApi() {
  const server = http.createServer((request, response) => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ path: request.url }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

await main(async () => {
  const api = await shopApi();
  const connection = (name) => ({
    integration: "shop", name, vars: { base_url: `http://127.0.0.1:${api.address().port}` },
  });
  const folder = tempDir("reload");
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  write(folder, [list], [connection("first")]);
  const engine = new Process(binary("junctor"), ["serve", "--port", port, "--data-dir",
    path.join(folder, "data"), "--dev-no-auth", folder]);
  await engine.ready(`${url}/readyz`);
  const call = (action, name) => postJson(`${url}/v1/integrations/shop/actions/${action}`, {},
    { "Junctor-Connection": name });
  const reload = async (words) => {
    const before = engine.output.length;
    engine.child.kill("SIGHUP");
    await eventually(() => engine.output.slice(before).includes(words), { what: `"${words}" in the log` });
    return engine.output.slice(before);
  };
  check((await call("list_orders", "first")).path === "/orders", "the action does not work");

  write(folder, ["  list_orders: {api: {metod: GET, path: /new}}", "  other: {api: {method: GET, path: '/a/{who}'}}"],
    [connection("first")]);
  const said = await reload("/shop/integration.yaml:6");
  for (const words of ["stay in force", "integration.yaml:5", "method"])
    check(said.includes(words), `"${words}" is not told in: ${said}`);
  check((await call("list_orders", "first")).path === "/orders", "a wrong definition took the old one away");

  fs.writeFileSync(path.join(folder, "junctor.yaml"), "integratons: [./shop]\n");
  check((await reload("integratons")).includes("did you mean integrations"), "no suggestion");
  check((await call("list_orders", "first")).path === "/orders", "a wrong project took the old one away");

  write(folder, [list, count], [connection("first"), connection("second")]);
  await reload("definitions read again");
  check((await call("count_orders", "second")).path === "/count", "what is new is not in force");
  const integration = await getJson(`${url}/v1/integrations/shop`);
  check(JSON.stringify(integration).includes("count_orders"), "the new action is not shown");

  const how = await engine.stop();
  check(how.code === 0, `the engine ended with ${JSON.stringify(how)}`);
  api.close();
  console.log("wrong definitions and projects leave the old ones in force; right ones take over at once");
});
