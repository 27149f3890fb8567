// The event log, the newest first.
import { useState } from "react";

import { get, segment, withQuery } from "../api";
import { useLoad } from "../load";
import type { JunctorEvent } from "../model";
import { Card, Empty, Facts, Page, Problem, Time, Waiting } from "../parts/basics";
import { JsonView } from "../parts/json_view";
import { Link, navigate, usePlace } from "../router";

const page = 50;

export function Events() {
  const { query } = usePlace();
  const topic = query.get("topic") ?? "";
  const before = query.get("before") ?? "";
  const [draft, setDraft] = useState(topic);
  const question = withQuery("/v1/events", { order: "newest", topic, before, limit: page });
  const found = useLoad(question, (signal) => get<{ events: JunctorEvent[]; cursor: string; more: boolean }>(question, signal), before ? 0 : 5_000);
  return (
    <Page title="Events">
      <form className="filters" role="search"
        onSubmit={(event) => {
          event.preventDefault();
          navigate(withQuery("/events", { topic: draft.trim() }), "replace");
        }}>
        <label className="wide">
          <span>Topic</span>
          <input type="search" value={draft} placeholder="github.issue_opened, or github.*" spellCheck={false} onChange={(event) => setDraft(event.target.value)} />
        </label>
        <button type="submit">Show</button>
      </form>
      <Card>
        <Problem of={found.problem} again={found.again} />
        {found.loading && <Waiting />}
        {found.data && <EventTable events={found.data.events} topic={topic} more={found.data.more} />}
      </Card>
      <nav className="pager" aria-label="Pages of events">
        {before && <Link to={withQuery("/events", { topic })}>Newest</Link>}
        {found.data?.more && <Link to={withQuery("/events", { topic, before: found.data.cursor })}>Older</Link>}
      </nav>
    </Page>
  );
}

function EventTable({ events, topic, more }: { events: JunctorEvent[]; topic: string; more: boolean }) {
  if (events.length === 0)
    return <Empty>{!topic ? "Nothing has happened yet." : more ? "None among the newest events; there may be older ones." : "No event has this topic."}</Empty>;
  return (
    <table className="list">
      <thead>
        <tr>
          <th>Topic</th>
          <th>Entity</th>
          <th>Connection</th>
          <th>When</th>
        </tr>
      </thead>
      <tbody>
        {events.map((one) => (
          <tr key={one.id}>
            <td data-label="Topic"><Link to={`/events/${one.id}`}>{one.topic}</Link></td>
            <td data-label="Entity">{one.entity || <span className="quiet">–</span>}</td>
            <td data-label="Connection">{one.connection || <span className="quiet">–</span>}</td>
            <td data-label="When" className="nowrap"><Time at={one.created_at} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function EventPage({ event: id }: { event: string }) {
  const place = `/v1/events/${segment(id)}`;
  const event = useLoad(place, (signal) => get<JunctorEvent>(place, signal));
  const one = event.data;
  return (
    <Page title={one?.topic ?? "Event"} above={<Link to="/events">Events</Link>}>
      <Problem of={event.problem} again={event.again} />
      {event.loading && <Waiting />}
      {one && (
        <>
          <Card title="What happened">
            <Facts
              of={[
                ["When", <Time key="when" at={one.created_at} />],
                ["Source", one.source],
                ["Entity", one.entity],
                ["Connection", one.connection],
                ["Correlation", one.correlation_id],
                ["Caused by", one.causation_id],
                ["Id", <code key="id">{one.id}</code>],
              ]}
            />
          </Card>
          <Card title="Payload">
            <JsonView value={one.payload} label="Payload" />
          </Card>
          <Card title="Headers">
            <JsonView value={one.headers} label="Headers" />
          </Card>
        </>
      )}
    </Page>
  );
}
