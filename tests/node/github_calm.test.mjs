// Every example payload, delivered once: one message each, and no call made twice.
import { check, main } from "./support/processes.mjs";
import { Stage, examplePayloads } from "./support/github_to_chat.mjs";

await main(async () => {
  const payloads = await examplePayloads();
  const stage = await Stage.set("github-calm");
  const began = Date.now();
  const again = await stage.deliverAll(payloads);
  const accepted = Date.now() - began;
  check(again === 0, `${again} deliveries were not acknowledged at once`);
  await stage.allArrived(payloads, 120_000);
  const chat = await stage.checkMessages(payloads);
  check(chat.repeats === 0, `${chat.repeats} calls were repeated although none failed`);

  // GitHub delivers again what it is not sure of: the same delivery id changes nothing.
  await stage.deliverAll(payloads.slice(0, 50));
  await stage.allArrived(payloads, 10_000);
  await stage.checkMessages(payloads);
  console.log(`${payloads.length} deliveries accepted in ${accepted} ms, each is one message, ` +
    "50 delivered again changed nothing");
  await stage.end();
});
