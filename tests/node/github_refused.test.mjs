// What GitHub did not sign is refused with 401, becomes no message, and the reason is kept.
import { check, getJson, main } from "./support/processes.mjs";
import { Stage, examplePayloads } from "./support/github_to_chat.mjs";

await main(async () => {
  const [first, second, third] = await examplePayloads();
  const stage = await Stage.set("github-refused");
  const refused = [
    ["no signature", { ...first, signature: undefined }],
    ["another body", { ...second, body: second.body + " " }],
    ["another secret", { ...third, signature: "sha256=" + "0".repeat(64) }],
    ["no hex", { ...third, signature: "sha256=not-hex" }],
  ];
  for (const [what, delivery] of refused) {
    const status = await stage.deliver(delivery);
    check(status === 401, `a delivery with ${what} was answered ${status}, expected 401`);
  }
  const kept = JSON.stringify(await getJson(`${stage.engineUrl}/v1/endpoints/github/refusals`));
  check((kept.match(/"reason":"[^"]+"/g) ?? []).length >= refused.length,
    `fewer than ${refused.length} reasons are kept: ${kept}`);
  check((await stage.deliver(first)) < 300, "the signed delivery was refused");
  await stage.allArrived([first], 20_000);
  await stage.checkMessages([first]);
  console.log(`${refused.length} unsigned or wrongly signed deliveries were refused, and why is kept`);
  await stage.end();
});
