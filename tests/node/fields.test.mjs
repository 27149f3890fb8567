// What a field declares holds wherever its vars are given: API, vars file, terminal and junctor.yaml; and a field
// that makes no sense is refused with its line.
import fs from "node:fs";
import path from "node:path";

import { Process, binary, check, freePort, getJson, main, tempDir } from "./support/processes.mjs";
import { run } from "./support/shop.mjs";

const definition = `slug: meter
endpoints: {base_url: "http://127.0.0.1:9"}
auth: {type: bearer}
vars:
  token: {type: password, min: 8, pattern: "^mt_", order: 1}
  port: {type: number, min: 1, max: 65535, default: 443, order: 2}
  site: {type: url, required: false, max: 40, order: 3}
  mail: {type: email, required: false, order: 4}
  days: {type: multiselect, required: false, options: [{value: mo}, {value: tu}], order: 5}
  more: {type: json, required: false, hidden: true, schema: {type: object, required: [a]}}
  code: {required: false, pattern: "^[A-Z]{3}$", when: after_auth}
schemas: {thing: {schema: {type: object}}}
actions:
  health: {method: GET, path: /meter/health, api: {path: /}, output: thing}
`;
const good = { token: "mt_12345" };
const wrong = { token: "canary", port: 70000, site: `https://a.example/${"x".repeat(40)}`, mail: "ann", days: ["su"], more: {}, code: "abc" };

const folder = tempDir("fields");
const project = path.join(folder, "project");
function write(connections = "") {
  fs.mkdirSync(path.join(project, "meter"), { recursive: true });
  fs.writeFileSync(path.join(project, "meter/integration.yaml"), definition);
  fs.writeFileSync(path.join(project, "junctor.yaml"), `integrations: [./meter]\nsettings: {data_dir: ${folder}/data}\n${connections}`);
}

function everyProblem(what, text) {
  for (const [key, words] of Object.entries({ token: "at least 8 characters that matches ^mt_", port: "a number of 1 to 65535",
    site: "at most 40 characters", mail: "an email address", days: "a list of", more: "its schema", code: "matches ^[A-Z]{3}$" }))
    check(text.includes(`vars.${key}`) && text.includes(words), `${what} lacks vars.${key} with "${words}": ${text}`);
  check(!text.includes("canary"), `${what} repeats a secret: ${text}`);
}

async function byApi(base) {
  const api = async (method, place, body) => {
    const response = await fetch(base + place, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    return { status: response.status, text: await response.text() };
  };
  const refused = async (what, answer) => {
    const { status, text } = await answer;
    check(status === 422 && JSON.parse(text).code === "vars_invalid", `${what}: ${status} ${text}`);
    everyProblem(what, text);
  };
  await refused("create", api("POST", "/v1/connections", { integration: "meter", vars: wrong }));
  const made = await api("POST", "/v1/connections", { integration: "meter", vars: good });
  check(made.status === 201 && JSON.parse(made.text).vars.port === 443, made.text);
  const at = `/v1/connections/${JSON.parse(made.text).id}`;
  await refused("change", api("PATCH", at, { vars: wrong }));
  const changed = await api("PATCH", at, { vars: { port: "8080", days: ["mo"], more: { a: 1 }, code: "ABC" } });
  check(changed.status === 200 && JSON.parse(changed.text).vars.port === 8080, changed.text);
  const fields = (await getJson(`${base}/v1/integrations/meter`)).vars;
  const port = fields.find((one) => one.key === "port");
  check(port.min === 1 && port.max === 65535 && fields.find((one) => one.key === "token").pattern === "^mt_", JSON.stringify(fields));
}

async function byVarsFile() {
  const file = path.join(folder, "vars.json");
  fs.writeFileSync(file, JSON.stringify(wrong));
  for (const command of [["add", "meter", "--name", "file"], ["set", "meter/default"]]) {
    const result = await run([binary("junctor"), "connections", ...command, "--vars-file", file, "--project", project]);
    check(result.status === 1, `connections ${command[0]}: ${result.status} ${result.stdout}${result.stderr}`);
    everyProblem(`connections ${command[0]}`, result.stderr);
  }
}

// A wrong answer is told and asked for again; what is hidden is not asked for.
async function onATerminal() {
  const answers = ["mt", "mt_12345", "70000", "", "", "ann", "ann@a.example", "[\"tu\"]", ""];
  let output = "";
  const result = await run(["script", "-qec", [binary("junctor"), "connections", "add", "meter", "--name", "typed", "--project", project].join(" "), "/dev/null"], (child) => {
    let at = 0;
    let answered = 0;
    child.stdout.on("data", (bytes) => {
      output += bytes;
      // One answer per question: what comes between is the echo of the last one.
      const question = output.length;
      if (at >= answers.length || !/(^|\n)[^\n]+: $/.test(output) || question === answered) return;
      answered = question;
      const text = answers[at];
      at += 1;
      setTimeout(() => child.stdin.write(text + "\n"), 50);
    });
  });
  check(result.status === 0, `on a terminal: ${result.status}\n${output}`);
  for (const words of ["found a value that does not fit, expected text of at least 8 characters", "found \"70000\"", "an email address"])
    check(output.includes(words), `the terminal lacks "${words}":\n${output}`);
  check(!output.includes("more"), `a hidden field is asked for:\n${output}`);
  const shown = JSON.parse((await run([binary("junctor"), "connections", "show", "meter/typed", "--data-dir", `${folder}/data`])).stdout);
  check(shown.vars.port === 443 && shown.vars.mail === "ann@a.example" && shown.vars.days[0] === "tu", JSON.stringify(shown.vars));
}

async function inAProject() {
  write(`connections: [{integration: meter, name: declared, vars: ${JSON.stringify(wrong)}}]\n`);
  const result = await run([binary("junctor"), "serve", "--port", await freePort(), "--dev-no-auth", project]);
  check(result.status === 1 && result.stderr.includes("meter/declared"), `junctor.yaml: ${result.status} ${result.stderr}`);
  everyProblem("junctor.yaml", result.stderr);
}

// `validate` says the same before anything starts, and where: also what no field can say.
async function judged() {
  const validate = async (text) => {
    write(text);
    const result = await run([binary("junctor"), "validate", project]);
    return { status: result.status, text: result.stdout + result.stderr };
  };
  const bad = await validate(`connections: [{integration: meter, name: declared, vars: ${JSON.stringify(wrong)}}]\n`);
  check(bad.status === 1 && bad.text.includes("junctor.yaml:"), `validate: ${bad.status} ${bad.text}`);
  everyProblem("validate", bad.text);
  const unknown = await validate(`connections:
  - {integration: nada}
  - integration: meter
    auth_method: dance
    vars:
      token: mt_12345
      zz: 1
endpoints: [{name: a, integration: meter, webhook: ring}]
`);
  for (const words of ['connections[0].integration: found "nada", expected one of meter', 'connections[1].auth_method: found "dance"',
    "connections[1].vars.zz: found a var that is not declared", 'endpoints[0].webhook: found "ring", expected no endpoint: meter declares no webhook'])
    check(unknown.text.includes(words), `validate lacks "${words}": ${unknown.text}`);
  check(/junctor\.yaml:\d+: connections\[1\]\.vars\.zz/.test(unknown.text), `validate names no line: ${unknown.text}`);
  const open = await validate("connections: [{integration: meter, vars: {token: mt_12345, port: '${NO_SUCH_PORT}', mail: '${NO_SUCH_MAIL}'}}]\n");
  check(open.status === 0 && open.text.includes("1 definition right") && open.text.includes("NO_SUCH_PORT"), `open: ${open.status} ${open.text}`);
}

async function senseless() {
  fs.writeFileSync(path.join(project, "meter/integration.yaml"),
    definition.replace("max: 65535", "max: 0").replace("^[A-Z]{3}$", "[A-").replace("type: json,", "type: json, min: 1,"));
  const result = await run([binary("junctor"), "validate", path.join(project, "meter")]);
  const text = result.stdout + result.stderr;
  check(result.status === 1, `validate: ${result.status} ${text}`);
  for (const words of ["integration.yaml:6: vars.port.min", "integration.yaml:11: vars.code.pattern", "integration.yaml:10: vars.more.min"])
    check(text.includes(words), `validate lacks "${words}": ${text}`);
}

await main(async () => {
  write();
  const port = await freePort();
  const engine = new Process(binary("junctor"), ["serve", "--port", port, "--dev-no-auth", project]);
  await engine.ready(`http://127.0.0.1:${port}/readyz`);
  await byApi(`http://127.0.0.1:${port}`);
  await byVarsFile();
  await onATerminal();
  await engine.stop();
  await inAProject();
  await judged();
  await senseless();
});
