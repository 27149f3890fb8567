// The questions of `connections add` on a real terminal: secrets of several lines, what is required, what depends on
// another answer, and that the terminal echoes again however the command ends.
import fs from "node:fs";
import path from "node:path";
import { spawnSync } from "node:child_process";

import { binary, check, main, tempDir } from "./support/processes.mjs";
import { Terminal } from "./support/terminal.mjs";

const junctor = binary("junctor");
const folder = tempDir("terminal");

const definition = (vars) => `slug: shop\nendpoints: {base_url: "http://127.0.0.1:9"}\nauth: {type: bearer, bearer: {token: x}}\nvars:\n${vars}` +
  "actions: {ask: {api: {path: /}}}\n";

const fields = `  kind: {type: text, default: plain, hidden: true}
  plain_key: {type: password, label: Key, order: 2, visible_when: {field: kind, equals: plain}}
  size: {type: select, label: Size, order: 4, options: [{value: s}, {value: l}]}
  reason: {label: Reason, order: 3, visible_when: {field: size, equals: l}}
  pem: {type: textarea, secret: true, label: Pem, order: 5}
  more: {type: json, label: More, order: 6, required: false}
  note: {label: Note, when: after_auth, required: false}
`;

const mail = `slug: mail
endpoints: {base_url: "http://127.0.0.1:9", authorization: "http://127.0.0.1:9/authorize", token: "http://127.0.0.1:9/token"}
auth: {type: oauth2, oauth2: {grant: authorization_code, scopes: [all], client_id: "=vars.client_id"}}
vars:
  client_id: {label: Client Id}
  kind: {label: Kind, options: [{value: team}, {value: alone}], type: select}
  board: {label: Board, when: after_auth, visible_when: {field: kind, equals: team}}
  note: {label: Note, when: after_auth, required: false}
actions: {ask: {api: {path: /}}}
`;

const pem = ["-----BEGIN PRIVATE KEY-----", "SECONDLINE", "THIRDLINE", "-----END PRIVATE KEY-----"];

function add(name) {
  return Terminal.line([junctor, "connections", "add", "shop", "--name", name, "--project", folder]);
}

function shown(name) {
  const result = spawnSync(junctor, ["connections", "show", `shop/${name}`, "--project", folder], { encoding: "utf8" });
  check(result.status === 0, `show ${name}: ${result.stderr}`);
  return JSON.parse(result.stdout).vars;
}

async function answersOfEveryKind() {
  const terminal = new Terminal(add("typed"));
  await terminal.answer("Key: ", "");
  check((await terminal.answer("Key: ", "••••••••")).includes("this var is required"), terminal.output);
  check((await terminal.answer("Key: ", "x".repeat(5000))).includes("found a mask"), terminal.output);
  check((await terminal.answer("Key: ", "KEYCANARY")).includes("more than 4094 bytes"), terminal.output);
  await terminal.answer("Size", "l");
  await terminal.answer("Reason: ", "many people");
  await terminal.answer("Pem", pem.slice(0, 2).join("\n") + "\n" + pem.slice(2).join("\n") + "\n\nLEFTOVER");
  check((await terminal.answer("Pem", pem.join("\n"))).includes("more lines after"), terminal.output);
  await terminal.answer("More", '{"a":\n 1}\n');
  await terminal.answer("Note, may stay empty: ", "by hand");
  check(await terminal.end() === 0, `it failed:\n${terminal.output}`);
  terminal.neverShowed("KEYCANARY", "SECONDLINE", "THIRDLINE", "LEFTOVER");
  const vars = shown("typed");
  check(JSON.stringify(vars.more) === '{"a":1}' && vars.reason === "many people" && vars.note === "by hand" && vars.plain_key === "••••••••",
    JSON.stringify(vars));
}

// An encrypted key in the older form has an empty line within, and nothing but its last line ends it.
async function anEmptyLineWithin() {
  const lines = [pem[0], "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-256-CBC,00", "", "HIDDENLINE", pem[3]];
  const terminal = new Terminal(add("encrypted"));
  await terminal.answer("Key: ", "k");
  await terminal.answer("Size", "s");
  await terminal.answer("Pem", lines.join("\n"));
  await terminal.answer("More", '{"a":1}\n\n{"b":2}');
  check((await terminal.answer("More", '{"a":1}\n')).includes("more lines after an empty one"), terminal.output);
  await terminal.answer("Note", "");
  check(await terminal.end() === 0, `it failed:\n${terminal.output}`);
  terminal.neverShowed("HIDDENLINE");
}

async function secretsFromFiles() {
  const file = path.join(folder, "key.pem");
  fs.writeFileSync(file, `${pem.join("\n")}\n`);
  const terminal = new Terminal(add("file"));
  await terminal.answer("Key: ", "@no file, but a key");
  await terminal.answer("Size", "s");
  await terminal.answer("Pem", `@${folder}`);
  check((await terminal.answer("Pem", "@nowhere")).includes("Is a directory"), terminal.output);
  check((await terminal.answer("Pem", `@${file}`)).includes("nowhere cannot be read"), terminal.output);
  await terminal.answer("More", "");
  await terminal.answer("Note", "");
  check(await terminal.end() === 0, `it failed:\n${terminal.output}`);
  check(!terminal.output.includes("Reason"), `what does not show is asked for:\n${terminal.output}`);
  check(shown("file").pem === "••••••••", "no pem from a file");
}

// What is asked for after the consent is not asked for before it; how to give it then is told.
async function afterTheConsent() {
  const add = (name) => Terminal.line([junctor, "connections", "add", "mail", "--name", name, "--project", folder]);
  const terminal = new Terminal(add("asked"));
  await terminal.answer("Client Id", "c");
  await terminal.answer("Kind", "team");
  check(await terminal.end() === 0, `it failed:\n${terminal.output}`);
  for (const words of ["mail/asked  needs_authorisation", "authorise it: junctor connections authorise mail/asked\n",
    "and then, not before, give board, note (optional): junctor connections set mail/asked --vars-file FILE\n"])
    check(terminal.output.includes(words), `"${words}" is not told:\n${terminal.output}`);
  check(!terminal.output.includes("Board"), `a field of the second phase is asked for:\n${terminal.output}`);
  const alone = new Terminal(add("alone"));
  await alone.answer("Client Id", "c");
  await alone.answer("Kind", "alone");
  check(await alone.end() === 0 && alone.output.includes("give note (optional): "), `what does not show is named:\n${alone.output}`);
}

const echo = "stty -a | grep -oE ' -?echo ' | tr -d ' '";

// What ends the command at a secret leaves the terminal as it was.
async function signalsRestoreTheEcho() {
  const pid = path.join(folder, "pid");
  const script = path.join(folder, "add.sh");
  fs.writeFileSync(script, `echo $$ > ${pid}\nexec ${add("never")}\n`);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]) {
    const terminal = new Terminal(`trap : INT QUIT; bash ${script}; echo ended; ${echo}`);
    await terminal.shows("Key: ");
    await terminal.type("HALFSECRET");
    if (signal === "SIGINT") await terminal.type("\x03");
    else process.kill(Number(fs.readFileSync(pid, "utf8")), signal);
    await terminal.shows("ended");
    await terminal.end();
    check(terminal.output.trim().endsWith("\necho"), `after ${signal}:\n${terminal.output}`);
    terminal.neverShowed("HALFSECRET");
  }
}

async function stoppedAndContinued() {
  const terminal = new Terminal(`set -m; ${add("stopped")}; echo stopped; ${echo}; fg; echo back; ${echo}`);
  await terminal.shows("Key: ");
  await terminal.type("HALFSECRET");
  await terminal.type("\x1a");
  await terminal.shows("stopped\n");
  check((await terminal.shows("echo\n")) === "echo\n", `while it is stopped:\n${terminal.output}`);
  await terminal.answer("Key: ", "AGAINSECRET");
  await terminal.answer("Size", "s");
  await terminal.answer("Pem", "one line\n");
  await terminal.answer("More", "");
  await terminal.answer("Note", "");
  await terminal.end();
  check(terminal.output.trim().endsWith("back\necho"), `at the end:\n${terminal.output}`);
  terminal.neverShowed("HALFSECRET", "AGAINSECRET");
  check(shown("stopped").plain_key === "••••••••", "the key is not there");
}

await main(async () => {
  fs.mkdirSync(path.join(folder, "shop"));
  fs.writeFileSync(path.join(folder, "shop/integration.yaml"), definition(fields));
  fs.mkdirSync(path.join(folder, "mail"));
  fs.writeFileSync(path.join(folder, "mail/integration.yaml"), mail);
  fs.writeFileSync(path.join(folder, "junctor.yaml"), "integrations: [./shop, ./mail]\nsettings: {data_dir: data}\n");
  await answersOfEveryKind();
  await anEmptyLineWithin();
  await secretsFromFiles();
  await afterTheConsent();
  await signalsRestoreTheEcho();
  await stoppedAndContinued();
});
