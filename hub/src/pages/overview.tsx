// How the engine is: at a glance, what wants attention, and what waits.
import { get, segment } from "../api";
import { milliseconds, number } from "../format";
import { useLoad } from "../load";
import type { Connection, Endpoint, Queue, Refusal, Run } from "../model";
import { Badge, Card, Empty, Page, Problem, Time, Waiting } from "../parts/basics";
import { RunTable } from "../parts/run_table";
import { Link } from "../router";

const every = 5_000;
const mostRefusals = 8;

async function recentRefusals(signal: AbortSignal) {
  const { endpoints } = await get<{ endpoints: Endpoint[] }>("/v1/endpoints", signal);
  const lists = await Promise.all(
    endpoints.map(async ({ name }) => {
      const { refusals } = await get<{ refusals: Refusal[] }>(`/v1/endpoints/${segment(name)}/refusals`, signal);
      return refusals.map((one) => ({ endpoint: name, ...one }));
    }),
  );
  const all = lists.flat().sort((a, b) => b.at.localeCompare(a.at));
  return { endpoints: endpoints.length, refusals: all.slice(0, mostRefusals) };
}

function Figure({ name, value, tone, to, about }: { name: string; value: string; tone: string; to?: string; about: string }) {
  const content = (
    <>
      <span className="figure-name">{name}</span>
      <span className="figure-value">{value}</span>
      <span className="quiet">{about}</span>
    </>
  );
  return to ? (
    <Link className={`figure ${tone}`} to={to}>
      {content}
    </Link>
  ) : (
    <div className={`figure ${tone}`}>{content}</div>
  );
}

export function Overview() {
  const ready = useLoad("ready", (signal) => get<{ status: string }>("/readyz", signal), every);
  const queues = useLoad("queues", (signal) => get<{ queues: Queue[]; counted_at: string }>("/v1/queues", signal), every);
  const connections = useLoad("connections", (signal) => get<{ items: Connection[] }>("/v1/connections?limit=200", signal), every);
  const failed = useLoad("failed", (signal) => get<{ runs: Run[] }>("/v1/runs?status=failed&limit=5", signal), every);
  const refusals = useLoad("refusals", recentRefusals, every);

  const all = queues.data?.queues ?? [];
  const sum = (of: (queue: Queue) => number) => all.reduce((total, one) => total + of(one), 0);
  const unaccounted = sum((one) => Math.abs(one.unaccounted));
  const dead = sum((one) => one.dead_letters);
  const waiting = sum((one) => one.ready + one.delayed + one.leased + one.behind_lane);
  const troubled = (connections.data?.items ?? []).filter((one) => one.enabled && (one.health.state === "failing" || one.status !== "ready"));
  const known = queues.data !== undefined;

  return (
    <Page title="Overview">
      <div className="figures">
        <Figure name="Engine" value={ready.problem ? "Not ready" : ready.data ? "Ready" : "…"} tone={ready.problem ? "bad" : "good"}
          about={ready.problem ? ready.problem.message : "the store answers"} />
        <Figure name="Unaccounted" value={known ? number(unaccounted) : "…"} tone={unaccounted ? "bad" : "good"}
          about={unaccounted ? "messages, neither finished nor waiting" : "no message is lost or doubled"} />
        <Figure name="Dead letters" value={known ? number(dead) : "…"} tone={dead ? "bad" : "good"} about={dead ? "look, mend, then redrive" : "nothing was given up"} />
        <Figure name="Waiting" value={known ? number(waiting) : "…"} tone="plain" about={`messages, in ${all.length} ${all.length === 1 ? "queue" : "queues"}`} />
        <Figure name="Connections" value={connections.data ? `${connections.data.items.length}` : "…"} tone={troubled.length ? "warn" : "good"} to="/connections"
          about={troubled.length ? `${troubled.length} ${troubled.length === 1 ? "wants" : "want"} attention` : "none wants attention"} />
      </div>

      <Card title="Queues" side={queues.data && <span className="quiet">counted <Time at={queues.data.counted_at} /></span>}>
        <Problem of={queues.problem} again={queues.again} />
        {queues.loading ? <Waiting /> : known && <QueueTable queues={all} />}
      </Card>

      <Card title="Failed runs" side={<Link to="/runs?status=failed">All failed runs</Link>}>
        <Problem of={failed.problem} again={failed.again} />
        {failed.data && (failed.data.runs.length > 0 ? <RunTable runs={failed.data.runs} /> : <Empty>No run has failed.</Empty>)}
      </Card>

      <Card title="Refused deliveries">
        <Problem of={refusals.problem} again={refusals.again} />
        {refusals.data && <Refusals of={refusals.data} />}
      </Card>
    </Page>
  );
}

function QueueTable({ queues }: { queues: Queue[] }) {
  if (queues.length === 0) return <Empty>There is no queue yet. Definitions with a pass, a catch or a flow make them.</Empty>;
  return (
    <table className="list numbers">
      <thead>
        <tr>
          <th>Queue</th>
          <th className="right">Ready</th>
          <th className="right">Delayed</th>
          <th className="right">Leased</th>
          <th className="right">Behind</th>
          <th className="right">Dead</th>
          <th className="right">Oldest</th>
          <th className="right">Finished</th>
        </tr>
      </thead>
      <tbody>
        {queues.map((one) => (
          <tr key={one.queue}>
            <td data-label="Queue">
              <Link to={`/queues/${segment(one.queue)}`}>{one.queue}</Link> {one.paused && <Badge state="paused" />}
            </td>
            <td data-label="Ready" className="right">{number(one.ready)}</td>
            <td data-label="Delayed" className="right">{number(one.delayed)}</td>
            <td data-label="Leased" className="right">{number(one.leased)}</td>
            <td data-label="Behind" className="right">{number(one.behind_lane)}</td>
            <td data-label="Dead" className={one.dead_letters ? "right alarming" : "right"}>{number(one.dead_letters)}</td>
            <td data-label="Oldest" className="right">{one.oldest_age_ms ? milliseconds(one.oldest_age_ms) : "–"}</td>
            <td data-label="Finished" className="right">{number(one.finished)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Refusals({ of }: { of: Awaited<ReturnType<typeof recentRefusals>> }) {
  if (of.endpoints === 0) return <Empty>There is no webhook endpoint yet.</Empty>;
  if (of.refusals.length === 0) return <Empty>No delivery was refused at {of.endpoints === 1 ? "the endpoint" : `the ${of.endpoints} endpoints`}.</Empty>;
  return (
    <table className="list">
      <thead>
        <tr>
          <th>When</th>
          <th>Endpoint</th>
          <th>From</th>
          <th>Reason</th>
        </tr>
      </thead>
      <tbody>
        {of.refusals.map((one, i) => (
          <tr key={i}>
            <td data-label="When" className="nowrap"><Time at={one.at} /></td>
            <td data-label="Endpoint">{one.endpoint}</td>
            <td data-label="From">{one.peer}</td>
            <td data-label="Reason">{one.reason}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
