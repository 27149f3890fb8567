// The connections there are, and which integration a new one is for.
import { useState } from "react";

import { get, post, segment, withQuery, type ApiProblem } from "../api";
import { asProblem, useLoad } from "../load";
import type { Connection, IntegrationName } from "../model";
import { Badge, Card, Empty, Page, Problem, Time, Waiting, Work } from "../parts/basics";
import { Link, navigate, usePlace } from "../router";
import { Pick } from "./runs";

const page = 100;

export function Connections({ integrations }: { integrations: IntegrationName[] }) {
  const { query } = usePlace();
  const integration = query.get("integration") ?? "";
  const after = query.get("after") ?? "";
  const question = withQuery("/v1/connections", { integration, after, limit: page });
  const found = useLoad(question, (signal) => get<{ items: Connection[]; next: string | null }>(question, signal));
  const [problem, setProblem] = useState<ApiProblem>();

  const test = async (one: Connection) => {
    setProblem(undefined);
    try {
      await post(`/v1/connections/${one.id}/test`);
    } catch (error) {
      setProblem(asProblem(error));
    }
    await found.again();
  };

  return (
    <Page title="Connections"
      actions={
        <Link className="button primary" to="/connections/new">
          New connection
        </Link>
      }>
      <div className="filters" role="search">
        <Pick name="Integration" value={integration} options={integrations.map((one) => one.slug)}
          set={(value) => navigate(withQuery("/connections", { integration: value }), "replace")} />
      </div>
      <Problem of={problem ?? found.problem} again={problem ? undefined : found.again} />
      <Card>
        {found.loading && <Waiting />}
        {found.data &&
          (found.data.items.length > 0 ? (
            <ConnectionTable connections={found.data.items} test={test} />
          ) : (
            <Empty>There is no connection yet{integration && ` to ${integration}`}.</Empty>
          ))}
      </Card>
      <nav className="pager" aria-label="Pages of connections">
        {after && <Link to={withQuery("/connections", { integration })}>First</Link>}
        {found.data?.next && <Link to={withQuery("/connections", { integration, after: found.data.next })}>More</Link>}
      </nav>
    </Page>
  );
}

function ConnectionTable({ connections, test }: { connections: Connection[]; test: (one: Connection) => Promise<void> }) {
  return (
    <table className="list">
      <thead>
        <tr>
          <th>Connection</th>
          <th>Status</th>
          <th>Last test</th>
          <th>
            <span className="unseen">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {connections.map((one) => (
          <tr key={one.id}>
            <td data-label="Connection">
              <Link to={`/connections/${one.id}`}>
                {one.integration} · {one.name}
              </Link>
            </td>
            <td data-label="Status">
              <Badge state={one.status} /> {!one.enabled && <Badge state="disabled" />}
              {one.status_reason && <div className="quiet">{one.status_reason}</div>}
            </td>
            <td data-label="Last test">
              {one.health.checked_at ? (
                <>
                  <Badge state={one.health.state} /> <Time at={one.health.checked_at} />
                  {one.health.state === "failing" && <div className="quiet two-lines">{one.health.message}</div>}
                </>
              ) : (
                <span className="quiet">not tested</span>
              )}
            </td>
            <td className="right">
              <Work className="small" onClick={() => test(one)}>
                Test<span className="unseen"> {one.integration} {one.name}</span>
              </Work>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function ChooseIntegration({ integrations }: { integrations: IntegrationName[] }) {
  return (
    <Page title="New connection" above={<Link to="/connections">Connections</Link>}>
      {integrations.length === 0 ? (
        <Empty>This engine has no integration. Give junctor serve a project that names some.</Empty>
      ) : (
        <ul className="choices">
          {integrations.map((one) => (
            <li key={one.slug}>
              <Link className="card" to={`/connections/new/${segment(one.slug)}`}>
                <strong>{one.name || one.slug}</strong>
                <span className="quiet">
                  {one.slug} {one.version}
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Page>
  );
}
