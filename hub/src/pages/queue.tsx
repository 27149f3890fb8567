// One queue: its counts, and its dead letters with what became of each attempt.
import { useState } from "react";

import { get, post, segment, withQuery, type ApiProblem } from "../api";
import { milliseconds, number } from "../format";
import { asProblem, useLoad } from "../load";
import type { DeadLetter, Queue } from "../model";
import { Badge, Card, Confirm, Empty, Facts, Note, Page, Problem, Time, Waiting, Work } from "../parts/basics";
import { JsonView } from "../parts/json_view";
import { Link, usePlace } from "../router";

const page = 50;

export function QueuePage({ queue: name }: { queue: string }) {
  const after = usePlace().query.get("after") ?? "";
  const place = `/v1/queues/${segment(name)}`;
  const question = withQuery(`${place}/dead-letters`, { after, most: page });
  const queues = useLoad("queues", (signal) => get<{ queues: Queue[] }>("/v1/queues", signal), 5_000);
  const letters = useLoad(question, (signal) => get<{ dead_letters: DeadLetter[]; cursor: string }>(question, signal), 5_000);
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();
  const [done, setDone] = useState("");
  const queue = queues.data?.queues.find((one) => one.queue === name);

  const act = async (path: string, body: unknown, said: (count: number) => string) => {
    setProblem(undefined);
    setDone("");
    try {
      const answer = await post<{ count?: number }>(`${place}/${path}`, body);
      setDone(said(answer.count ?? 0));
    } catch (error) {
      setProblem(asProblem(error));
    }
    setAsking(false);
    await Promise.all([queues.again(), letters.again()]);
  };
  const redriven = (count: number) => `${number(count)} ${count === 1 ? "message is" : "messages are"} in the queue again.`;
  const found = letters.data?.dead_letters ?? [];

  return (
    <Page title={name} above={<Link to="/">Overview</Link>}
      actions={
        queue && (
          <Work onClick={() => act(queue.paused ? "resume" : "pause", {}, () => (queue.paused ? "It goes on." : "It is paused."))}>
            {queue.paused ? "Resume" : "Pause"}
          </Work>
        )
      }>
      <Problem of={problem ?? queues.problem} />
      {done && <Note tone="good">{done}</Note>}
      {queue && (
        <Card title="Counts" side={queue.paused && <Badge state="paused" />}>
          <Facts
            of={[
              ["Ready", number(queue.ready)],
              ["Delayed", number(queue.delayed)],
              ["Leased", number(queue.leased)],
              ["Behind their lane", number(queue.behind_lane)],
              ["Dead", number(queue.dead_letters)],
              ["Oldest", queue.oldest_age_ms ? milliseconds(queue.oldest_age_ms) : "–"],
              ["Accepted", number(queue.accepted)],
              ["Finished", number(queue.finished)],
              ["Repeated attempts", number(queue.retried)],
              ["Unaccounted", number(queue.unaccounted)],
            ]}
          />
        </Card>
      )}
      <Card title="Dead letters"
        side={
          found.length > 0 && (
            <button type="button" onClick={() => setAsking(true)}>
              Redrive all
            </button>
          )
        }>
        <Problem of={letters.problem} again={letters.again} />
        {letters.loading && <Waiting />}
        {letters.data && found.length === 0 && <Empty>{after ? "No more." : "No message has been given up."}</Empty>}
        {found.map((letter) => (
          <Letter key={letter.id} of={letter} redrive={() => act("dead-letters/redrive", { ids: [letter.id] }, redriven)} />
        ))}
      </Card>
      <nav className="pager" aria-label="Pages of dead letters">
        {after && <Link to={`/queues/${segment(name)}`}>Oldest</Link>}
        {found.length === page && <Link to={withQuery(`/queues/${segment(name)}`, { after: letters.data?.cursor })}>More</Link>}
      </nav>
      {asking && (
        <Confirm title="Redrive all dead letters?" action="Redrive all" onNo={() => setAsking(false)}
          onYes={() => act("dead-letters/redrive", { all: true }, redriven)}>
          <p>All of them go back into {name} with fresh attempts. What made them fail should be mended first.</p>
        </Confirm>
      )}
    </Page>
  );
}

function Letter({ of, redrive }: { of: DeadLetter; redrive: () => Promise<unknown> }) {
  return (
    <details className="letter">
      <summary>
        <span className="url">{of.topic}</span>
        <span className="quiet">
          given up <Time at={of.died_at} /> after {of.attempts.length} {of.attempts.length === 1 ? "attempt" : "attempts"}: {of.reason}
        </span>
      </summary>
      <div className="call">
        <table className="list">
          <thead>
            <tr>
              <th>Attempt</th>
              <th>Ended</th>
              <th>Outcome</th>
              <th>Error</th>
            </tr>
          </thead>
          <tbody>
            {of.attempts.map((one) => (
              <tr key={one.number}>
                <td data-label="Attempt">{one.number}</td>
                <td data-label="Ended" className="nowrap"><Time at={one.ended_at} /></td>
                <td data-label="Outcome">{one.outcome}</td>
                <td data-label="Error">{one.error}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <JsonView value={of.payload} label="Payload" />
        <div className="actions">
          <Work onClick={redrive}>Redrive</Work>
          <code className="quiet">{of.id}</code>
        </div>
      </div>
    </details>
  );
}
