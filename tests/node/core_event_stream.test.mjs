// The stream of events: a client that is cut off again and again, and comes back with Last-Event-ID, sees
// every event once and in order, also across a restart of the engine.
import { check, main } from "./support/processes.mjs";
import { Core, expectStatus } from "./support/core.mjs";

// Reads server-sent events until stop(events) says enough; {id, event, data} each.
async function read(url, token, lastId, enough) {
  const headers = { Authorization: `Bearer ${token}`, Accept: "text/event-stream" };
  if (lastId) headers["Last-Event-ID"] = lastId;
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), 20_000);
  const response = await fetch(url, { headers, signal: abort.signal });
  check(response.status === 200, `the stream: ${response.status}`);
  check(response.headers.get("content-type").startsWith("text/event-stream"), "it is a stream");
  const events = [];
  let text = "";
  try {
    for await (const bytes of response.body) {
      text += Buffer.from(bytes).toString("utf8");
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const fields = Object.fromEntries(text.slice(0, end).split("\n").filter((line) => !line.startsWith(":"))
          .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
        text = text.slice(end + 2);
        if (fields.data) events.push({ id: fields.id, event: fields.event, data: JSON.parse(fields.data) });
        if (enough(events)) {
          abort.abort();
          return events;
        }
      }
    }
  } catch (error) {
    if (!enough(events)) throw new Error(`after ${events.length} events: ${error}`);
  } finally {
    clearTimeout(timer);
  }
  return events;
}

await main(async () => {
  const core = await Core.start("stream");
  const token = core.token("default");
  const call = core.as(token);
  const stranger = core.as(core.token("other"));
  const total = 120;
  const publish = async (from, to) => {
    for (let n = from; n < to; ++n)
      expectStatus(await call("POST", "/v1/events", { topic: n % 10 ? "a.b_made" : "x.y_made", payload: n }), 201, "publish");
  };
  const stream = `${core.url}/v1/events/stream?after=0`;
  await publish(0, 40);
  await stranger("POST", "/v1/events", { topic: "a.b_made", payload: "not for you" });

  let seen = await read(stream, token, undefined, (events) => events.length >= 15);
  const more = async (count) => {
    const last = seen.at(-1).id;
    seen = [...seen, ...await read(stream, token, last, (events) => events.length >= count)];
  };
  await more(10);
  // While the stream is open, and after it was cut.
  await Promise.all([publish(40, 80), more(40)]);
  await core.engine.kill();
  await core.serve();
  await publish(80, total);
  await more(total - seen.length);
  const numbers = seen.map(({ data }) => data.payload);
  check(numbers.join() === Array.from({ length: total }, (_, n) => n).join(), `seen: ${numbers}`);
  check(seen.every(({ event, data }) => event === data.topic), "the event's name is its topic");

  const some = await read(`${stream}&topic=x.*`, token, undefined, (events) => events.length >= total / 10);
  check(some.every(({ data }) => data.payload % 10 === 0), "a pattern narrows the stream");
  expectStatus(await call("GET", "/v1/events/stream", undefined, { "Last-Event-ID": "yesterday" }), 400,
    "a Last-Event-ID that is none");
  await core.stop();
  console.log(`stream: ${total} events once and in order over five connections and a kill`);
});
