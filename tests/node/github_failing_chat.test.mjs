// The chat API fails half of its calls (429, 500, cut connections before and after the work is done):
// still one message each; repeated calls are counted.
import { check, main } from "./support/processes.mjs";
import { Stage, examplePayloads } from "./support/github_to_chat.mjs";

await main(async () => {
  const payloads = await examplePayloads();
  const stage = await Stage.set("github-failing");
  await stage.switches({ fail_429_rate: 0.2, fail_500_rate: 0.2, drop_rate: 0.1 });
  await stage.deliverAll(payloads);
  await stage.allArrived(payloads, 600_000);
  const chat = await stage.checkMessages(payloads);
  const failed = (chat.calls["429"] ?? 0) + (chat.calls["5xx"] ?? 0)
    + (chat.calls.dropped_before ?? 0) + (chat.calls.dropped_after ?? 0);
  check(failed > payloads.length / 4, `only ${failed} calls failed: the switches did not work`);
  console.log(`${payloads.length} deliveries, each is one message; of the calls to the chat ${failed} ` +
    `failed on purpose (${JSON.stringify(chat.calls)}), ${chat.repeats} repeats met their key`);
  await stage.end();
});
