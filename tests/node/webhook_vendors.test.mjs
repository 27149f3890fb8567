// Deliveries signed by the vendors' own libraries: each is verified as it is, and refused once its
// body, secret, time or signature differs.
import { spawnSync } from "node:child_process";
import crypto from "node:crypto";
import { binary, check, main, packageOrSkip } from "./support/processes.mjs";

const url = "https://example.com/hooks/a?x=1";
const now = Math.floor(Date.now() / 1000);
const base64 = (text) => Buffer.from(text).toString("base64");

// Bodies that reserialising would change.
const bodies = ["{}", '{"a":1}', '{ "b" : 2.0,\n"é":"\u{1f600}" }', "x".repeat(70_000)];

async function signers() {
  const { default: Stripe } = await packageOrSkip("stripe");
  const standard = await packageOrSkip("standardwebhooks");
  const svix = await packageOrSkip("svix");
  const octokit = await packageOrSkip("@octokit/webhooks-methods");
  const { default: twilio } = await packageOrSkip("twilio");
  const stripe = new Stripe("sk_test_0");
  const standardSecret = "whsec_" + crypto.randomBytes(24).toString("base64");
  const { privateKey, publicKey } = crypto.generateKeyPairSync("ed25519");
  const ec = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ecPublic = ec.publicKey.export({ type: "spki", format: "der" }).toString("base64");
  const edPublic = publicKey.export({ type: "spki", format: "der" }).subarray(-32).toString("hex");

  return [
    { scheme: "github", secret: "s3cret", timed: false,
      sign: async (body) => ({ "X-Hub-Signature-256": await octokit.sign("s3cret", body) }) },
    { scheme: "stripe", secret: "whsec_stripe", timed: true,
      sign: async (body, at) => ({ "Stripe-Signature": stripe.webhooks.generateTestHeaderString(
        { payload: body, secret: "whsec_stripe", timestamp: at }) }) },
    { scheme: "standard", secret: standardSecret, timed: true,
      sign: async (body, at) => ({ "webhook-id": "msg_1", "webhook-timestamp": String(at),
        "webhook-signature": new standard.Webhook(standardSecret).sign("msg_1", new Date(at * 1000), body) }) },
    { scheme: "standard", secret: standardSecret, timed: true,
      sign: async (body, at) => ({ "svix-id": "msg_1", "svix-timestamp": String(at),
        "svix-signature": new svix.Webhook(standardSecret).sign("msg_1", new Date(at * 1000), body) }) },
    { scheme: "twilio", secret: "token", timed: false, form: true,
      sign: async (body) => ({ "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": twilio.getExpectedTwilioSignature("token", url, formOf(body)) }) },
    { scheme: "sendgrid", secret: ecPublic, otherSecret: "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE", timed: true,
      sign: async (body, at) => ({ "X-Twilio-Email-Event-Webhook-Timestamp": String(at),
        "X-Twilio-Email-Event-Webhook-Signature":
          crypto.sign("sha256", Buffer.from(at + body), ec.privateKey).toString("base64") }) },
    { scheme: "discord", secret: edPublic, otherSecret: "0".repeat(64), timed: true,
      sign: async (body, at) => ({ "X-Signature-Timestamp": String(at),
        "X-Signature-Ed25519": crypto.sign(null, Buffer.from(at + body), privateKey).toString("hex") }) },
  ];
}

function formOf(body) {
  const form = {};
  for (const [name, value] of new URLSearchParams(body))
    form[name] = name in form ? [form[name], value].flat() : value;
  return form;
}

async function cases() {
  const list = [];
  const add = (name, expected, delivery) => list.push({ name, expected, delivery });
  for (const signer of await signers()) {
    const forms = ["a=1&b=x%20y&a=0&a=1&é=%F0%9F%98%80", "To=%2B1800&Body=Hello+there&Empty="];
    for (const body of signer.form ? forms : bodies) {
      const headers = await signer.sign(body, now);
      const delivery = { scheme: signer.scheme, url, headers, body: base64(body), now,
        secrets: ["not this one", signer.secret] };
      const name = `${signer.scheme}, ${body.length} characters`;
      const other = signer.otherSecret ?? "another";
      add(name, true, delivery);
      add(`${name}, another body`, false, { ...delivery, body: base64(body + (signer.form ? "&z=1" : " ")) });
      add(`${name}, another secret`, false, { ...delivery, secrets: [other] });
      add(`${name}, no secret`, false, { ...delivery, secrets: [] });
      add(`${name}, no headers`, false, { ...delivery, headers: {} });
      add(`${name}, late`, !signer.timed, { ...delivery, now: now + 301 });
      add(`${name}, early`, !signer.timed, { ...delivery, now: now - 301 });
      for (const header of Object.keys(headers)) {
        if (header === "Content-Type") continue;
        const value = headers[header].replace(/[0-9A-Za-z](?=[^0-9A-Za-z]*$)/, (c) => (c === "0" ? "1" : "0"));
        const unlike = { ...delivery, headers: { ...headers, [header]: value } };
        const unchanged = base64Same(headers[header], value);
        if (!unchanged) add(`${name}, ${header} changed`, false, unlike);
      }
    }
  }
  return list;
}

// The last characters of base64 may differ and mean the same bytes.
function base64Same(a, b) {
  const bytes = (text) => Buffer.from(text.split(",").at(-1), "base64").toString("hex");
  return /=$/.test(a) && bytes(a) === bytes(b);
}

await main(async () => {
  const program = binary("tests/webhook/junctor_webhook_check");
  const list = await cases();
  const input = list.map((one) => JSON.stringify(one.delivery)).join("\n") + "\n";
  const run = spawnSync(program, { input, encoding: "utf8", maxBuffer: 1 << 26 });
  check(run.status === 0, `the program ended with ${run.status}: ${run.stderr}`);
  const verdicts = run.stdout.trimEnd().split("\n");
  check(verdicts.length === list.length, `${verdicts.length} verdicts for ${list.length} deliveries`);
  list.forEach((one, i) =>
    check((verdicts[i] === "verified") === one.expected, `${one.name}: ${verdicts[i]}`));
  console.log(`${list.length} deliveries judged as expected`);
});
