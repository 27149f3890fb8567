// One run: what started it, how it went, what it logged and what it sent.
import { get, segment } from "../api";
import { duration, words } from "../format";
import { useLoad } from "../load";
import type { Call, WholeRun } from "../model";
import { Badge, Card, Empty, Facts, Note, Page, Problem, Time, Waiting } from "../parts/basics";
import { Calls } from "../parts/calls";
import { JsonView } from "../parts/json_view";
import { Link } from "../router";

export function RunPage({ run: id }: { run: string }) {
  const place = `/v1/runs/${segment(id)}`;
  const run = useLoad(place, (signal) => get<WholeRun>(place, signal), 3_000);
  const calls = useLoad(`${place}/calls`, (signal) => get<{ calls: Call[]; left_out: number }>(`${place}/calls`, signal), 3_000);
  const one = run.data;
  return (
    <Page title={one ? `${one.integration} · ${one.subject}` : "Run"} above={<Link to="/runs">Runs</Link>}
      actions={one && <Badge state={one.status} />}>
      <Problem of={run.problem} again={run.again} />
      {run.loading && <Waiting />}
      {one && (
        <>
          {one.error && (
            <Note tone="bad">
              <p>
                <strong>{words(one.error.kind)}</strong> {one.error.message}
              </p>
            </Note>
          )}
          <Card title="What happened">
            <Facts
              of={[
                ["Kind", words(one.kind)],
                ["Started by", words(one.trigger)],
                ["Event", one.event && <Link to={`/events/${one.event}`}><code>{one.event}</code></Link>],
                ["Connection", one.connection],
                ["Attempt", one.attempt],
                ["Started", <Time key="started" at={one.started_at} />],
                ["Ended", one.finished_at ? <Time key="ended" at={one.finished_at} /> : "not yet"],
                ["Took", duration(one.started_at, one.finished_at)],
                ...Object.entries(one.counters ?? {}).map(([name, value]): [string, string] => [words(name), String(value)]),
                ["Id", <code key="id">{one.id}</code>],
              ]}
            />
          </Card>
          <Card title="Outgoing calls">
            <Problem of={calls.problem} again={calls.again} />
            {calls.data && <Calls of={calls.data.calls} leftOut={calls.data.left_out} />}
          </Card>
          <div className="two">
            <Card title="Input">{one.input === null ? <Empty>None.</Empty> : <JsonView value={one.input} label="Input" />}</Card>
            <Card title="Output">{one.output === null ? <Empty>None.</Empty> : <JsonView value={one.output} label="Output" />}</Card>
          </div>
          <Card title="Log">
            {one.log.length === 0 ? (
              <Empty>It logged nothing.</Empty>
            ) : (
              <table className="list">
                <tbody>
                  {one.log.map((line, i) => (
                    <tr key={i}>
                      <td className="nowrap"><Time at={line.at} /></td>
                      <td><Badge state={line.level} /></td>
                      <td>{line.message}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
          </Card>
        </>
      )}
    </Page>
  );
}
