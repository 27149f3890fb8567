// What ran, the newest first. Filters and place stand in the address, so that a link shows the same.
import { get, withQuery } from "../api";
import { words } from "../format";
import { useLoad } from "../load";
import type { IntegrationName, Run } from "../model";
import { Card, Empty, Page, Problem, Waiting } from "../parts/basics";
import { RunTable } from "../parts/run_table";
import { Link, navigate, usePlace } from "../router";

const statuses = ["running", "retrying", "completed", "partial", "failed", "cancelled"];
const kinds = ["action", "pass", "catch", "flow", "authorisation"];
const page = 50;

export function Runs({ integrations }: { integrations: IntegrationName[] }) {
  const { query } = usePlace();
  const filter = Object.fromEntries(["integration", "kind", "status", "subject", "cursor"].map((name) => [name, query.get(name) ?? ""]));
  const question = withQuery("/v1/runs", { ...filter, limit: page });
  const found = useLoad(question, (signal) => get<{ runs: Run[]; next: string | null }>(question, signal), filter.cursor ? 0 : 5_000);
  const set = (name: string, value: string) => navigate(withQuery("/runs", { ...filter, cursor: "", [name]: value }), "replace");
  const filtered = filter.integration || filter.kind || filter.status || filter.subject;

  return (
    <Page title="Runs">
      <div className="filters" role="search">
        <Pick name="Integration" value={filter.integration!} options={integrations.map((one) => one.slug)} set={(value) => set("integration", value)} />
        <Pick name="Kind" value={filter.kind!} options={kinds} set={(value) => set("kind", value)} />
        <Pick name="Status" value={filter.status!} options={statuses} set={(value) => set("status", value)} />
        <label>
          <span>Subject</span>
          <input type="search" value={filter.subject} placeholder="exact name" spellCheck={false} onChange={(event) => set("subject", event.target.value)} />
        </label>
        {filtered && (
          <Link className="clear" to="/runs">
            Clear
          </Link>
        )}
      </div>
      <Card>
        <Problem of={found.problem} again={found.again} />
        {found.loading && <Waiting />}
        {found.data &&
          (found.data.runs.length > 0 ? (
            <RunTable runs={found.data.runs} />
          ) : (
            <Empty>{filtered ? "No run fits these filters." : "Nothing has run yet. Call an action in the debugger, or deliver a webhook."}</Empty>
          ))}
      </Card>
      <nav className="pager" aria-label="Pages of runs">
        {filter.cursor && <Link to={withQuery("/runs", { ...filter, cursor: "" })}>Newest</Link>}
        {found.data?.next && <Link to={withQuery("/runs", { ...filter, cursor: found.data.next })}>Older</Link>}
      </nav>
    </Page>
  );
}

export function Pick({ name, value, options, set }: { name: string; value: string; options: string[]; set: (value: string) => void }) {
  const known = !value || options.includes(value);
  return (
    <label>
      <span>{name}</span>
      <select value={value} onChange={(event) => set(event.target.value)}>
        <option value="">Any</option>
        {!known && <option value={value}>{value}</option>}
        {options.map((one) => (
          <option key={one} value={one}>
            {words(one)}
          </option>
        ))}
      </select>
    </label>
  );
}
