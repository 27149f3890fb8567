// Runs, one a line.
import { duration, words } from "../format";
import type { Run } from "../model";
import { Link } from "../router";
import { Badge, Time } from "./basics";

export function RunTable({ runs }: { runs: Run[] }) {
  return (
    <table className="list">
      <thead>
        <tr>
          <th>Status</th>
          <th>Run</th>
          <th>Started by</th>
          <th>Connection</th>
          <th>When</th>
          <th className="right">Took</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <tr key={run.id}>
            <td data-label="Status" className="nowrap">
              <Badge state={run.status} />
              {run.attempt > 1 && <span className="quiet"> attempt {run.attempt}</span>}
            </td>
            <td data-label="Run">
              <Link to={`/runs/${run.id}`}>
                {run.integration} · {run.subject}
              </Link>{" "}
              <span className="quiet">{words(run.kind)}</span>
              {run.error && <div className="quiet two-lines">{run.error.message}</div>}
            </td>
            <td data-label="Started by">{words(run.trigger)}</td>
            <td data-label="Connection">{run.connection ?? <span className="quiet">–</span>}</td>
            <td data-label="When" className="nowrap"><Time at={run.started_at} /></td>
            <td data-label="Took" className="right nowrap">{duration(run.started_at, run.finished_at) || "…"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
