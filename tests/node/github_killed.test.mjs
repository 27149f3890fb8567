// The engine is killed with SIGKILL while deliveries arrive and messages leave, and started again,
// several times. The driver delivers again only what was not acknowledged: still one message each.
import { check, main, sleep } from "./support/processes.mjs";
import { Stage, examplePayloads } from "./support/github_to_chat.mjs";

const kills = 6;

await main(async () => {
  const payloads = await examplePayloads();
  const stage = await Stage.set("github-killed");
  // Slow enough that calls are under way whenever the engine dies.
  await stage.switches({ latency_ms: 15 });

  let acknowledged = 0;
  const delivering = stage.deliverAll(payloads, {
    progress: (count) => {
      acknowledged = count;
    },
  });
  let killed = 0;
  const killing = (async () => {
    for (; killed < kills; ++killed) {
      // The last kill comes when everything is acknowledged and work is still waiting.
      const mark = Math.floor((payloads.length * (killed + 1)) / kills);
      while (acknowledged < mark) await sleep(2);
      await stage.engine.kill();
      await stage.startEngine();
    }
  })();
  const [again] = await Promise.all([delivering, killing]);
  await stage.allArrived(payloads, 600_000);
  const chat = await stage.checkMessages(payloads);
  check(killed === kills, `the engine was killed ${killed} times only`);
  console.log(`${payloads.length} deliveries over ${killed} kills (${again} delivered again because ` +
    `nothing was acknowledged), each is one message; ${chat.repeats} calls were repeated with their key`);
  await stage.end();
});
