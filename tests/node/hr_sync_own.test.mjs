// The HR example as an executable of its own: the engine and the integration in one program.
import path from "node:path";

import {
  Process, binary, check, eventually, freePort, getJson, main, sourceDir, tempDir,
} from "./support/processes.mjs";

await main(async () => {
  const worldPort = await freePort();
  const port = await freePort();
  const world = new Process(binary("junctor_world"),
    ["--port", worldPort, "--hr-token", "hr-token", "--employees", "40"]);
  await world.ready(`http://127.0.0.1:${worldPort}/healthz`);
  const engine = new Process(binary("junctor_hr_sync"),
    ["serve", "--port", port, "--data-dir", path.join(tempDir("hr-own"), "data"), "--dev-no-auth",
      path.join(sourceDir, "examples/hr-sync/own")],
    { HR_URL: `http://127.0.0.1:${worldPort}`, HR_TOKEN: "hr-token" });
  const url = `http://127.0.0.1:${port}`;
  await engine.ready(`${url}/readyz`);
  await eventually(async () => (await getJson(`${url}/hr/employees?limit=100`)).employees.length === 40,
    { what: "40 employees in the integration's own table" });
  const { events } = await getJson(`${url}/v1/events?topic=hr.employee_created&limit=100`);
  check(events.length === 40, `${events.length} events for 40 employees`);
  const how = await engine.stop();
  check(how.code === 0, `the engine ended with ${JSON.stringify(how)}`);
  await world.stop();
  console.log("40 employees synced, one event each, by one executable");
});
