// One connection: its health, its authorisation, its vars, and the end of it.
import { useRef, useState, type FormEvent } from "react";

import { call, get, post, segment, withQuery, type ApiProblem, type JsonObject } from "../api";
import { milliseconds, words } from "../format";
import { asProblem, useLoad } from "../load";
import type { Connection, Integration, Option } from "../model";
import { Authorise } from "../parts/authorise";
import { Badge, Card, Confirm, Facts, Note, Page, Problem, Time, Waiting, Work } from "../parts/basics";
import { Control, refuse } from "../parts/control";
import { draftOf, errorsByField, varsToChange, VarsForm, type Draft } from "../parts/vars_form";
import { Link, navigate } from "../router";
import { problemBeside } from "./connection_new";

export function ConnectionPage({ connection: id }: { connection: string }) {
  const place = `/v1/connections/${segment(id)}`;
  const connection = useLoad(place, (signal) => get<Connection>(place, signal));
  const slug = connection.data?.integration;
  const of = slug ? `/v1/integrations/${segment(slug)}` : null;
  const integration = useLoad(of, (signal) => get<Integration>(of!, signal));
  const [problem, setProblem] = useState<ApiProblem>();
  const [deleting, setDeleting] = useState(false);
  const one = connection.data;

  const act = async (work: () => Promise<unknown>) => {
    setProblem(undefined);
    try {
      await work();
    } catch (error) {
      setProblem(asProblem(error));
    }
    await connection.again();
  };
  const remove = async () => {
    try {
      await call("DELETE", place);
      navigate("/connections");
    } catch (error) {
      setDeleting(false);
      setProblem(asProblem(error));
    }
  };

  return (
    <Page title={one ? `${one.integration} · ${one.name}` : "Connection"} above={<Link to="/connections">Connections</Link>}
      actions={
        one && (
          <>
            {integration.data?.test_action !== "" && (
              <Work className="primary" onClick={() => act(() => post(`${place}/test`))}>
                Test
              </Work>
            )}
            <Work onClick={() => act(() => call("PATCH", place, { enabled: !one.enabled }))}>{one.enabled ? "Disable" : "Enable"}</Work>
            <button type="button" className="danger" onClick={() => setDeleting(true)}>
              Delete
            </button>
          </>
        )
      }>
      <Problem of={problem ?? connection.problem ?? integration.problem} again={problem ? undefined : connection.again} />
      {connection.loading && <Waiting />}
      {one && <Health of={one} noTest={integration.data?.test_action === ""} />}
      {one && integration.data && (
        <>
          <Authorise connection={one} integration={integration.data} changed={connection.again} />
          {/* A new version is another form: what was entered is stored by then. */}
          <EditForm key={`${one.id} ${one.version} ${one.status}`} connection={one} integration={integration.data} changed={connection.again} />
        </>
      )}
      {deleting && one && (
        <Confirm title={`Delete ${one.integration} · ${one.name}?`} action="Delete" onNo={() => setDeleting(false)} onYes={remove}>
          <p>Its secrets are removed for good. Whatever uses this connection will fail until there is another of its name.</p>
        </Confirm>
      )}
    </Page>
  );
}

function Health({ of, noTest }: { of: Connection; noTest: boolean }) {
  const { health } = of;
  return (
    <Card title="State" side={<Link to={withQuery(`/debugger/${segment(of.integration)}`, { connection: of.name })}>Try it in the debugger</Link>}>
      <Facts
        of={[
          ["Status", <span key="status"><Badge state={of.status} /> {of.status_reason}</span>],
          ["Enabled", of.enabled ? "yes" : <Badge key="disabled" state="disabled" />],
          ["Last test", !health.checked_at && noTest ? "there is no test action" : health.checked_at ? <span key="health"><Badge state={health.state} /> <Time at={health.checked_at} />{health.latency_ms !== undefined && `, ${milliseconds(health.latency_ms)}`}</span> : "not tested"],
          ["Authentication", of.auth_method && words(of.auth_method)],
          ["Changed", <Time key="changed" at={of.updated_at} />],
          ["Id", <code key="id">{of.id}</code>],
        ]}
      />
      {health.state === "failing" && health.message && <Note tone="bad">{health.message}</Note>}
    </Card>
  );
}

function EditForm({ connection, integration, changed }: { connection: Connection; integration: Integration; changed: () => Promise<void> }) {
  const fields = integration.vars.filter((field) => !field.after_authorisation || connection.status !== "needs_authorisation");
  const [draft, setDraft] = useState<Draft>(() => draftOf(fields, connection.vars));
  const [name, setName] = useState(connection.name);
  const [problem, setProblem] = useState<ApiProblem>();
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const errors = errorsByField(problem);
  if (problem?.code === "name_taken") errors.name = problem.message;
  const place = `/v1/connections/${segment(connection.id)}`;

  const vars = varsToChange(fields, draft, connection.vars);
  const renamed = name.trim() !== connection.name;
  const differs = renamed || Object.keys(vars).length > 0;

  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    const body: JsonObject = { version: connection.version };
    if (renamed) body.name = name.trim();
    if (Object.keys(vars).length > 0) body.vars = vars;
    try {
      await call("PATCH", place, body);
      await changed();
    } catch (error) {
      refuse(form.current, () => setProblem(asProblem(error)));
    }
    setBusy(false);
  };
  const fetchOptions = async (field: string) => (await get<{ items: Option[] }>(`${place}/vars/${segment(field)}/options`)).items;

  const shown = ["name", ...fields.map((field) => field.key)];
  return (
    <form ref={form} className="narrow" noValidate onSubmit={(event) => void save(event)}>
      <Card title="Settings">
        <Problem of={problem?.code === "name_taken" ? undefined : problemBeside(problem, shown)} how="Show what it is now"
          again={problem?.code === "changed_meanwhile" ? () => void changed() : undefined} />
        <Control label="Name" error={errors.name} required>
          {(tied) => <input {...tied} name="name" type="text" autoComplete="off" spellCheck={false} value={name} onChange={(event) => setName(event.target.value)} />}
        </Control>
        <VarsForm fields={fields} draft={draft} errors={errors} onChange={setDraft} fetchOptions={fetchOptions} />
      </Card>
      <div className="actions end">
        {differs && (
          <button type="button" onClick={() => { setDraft(draftOf(fields, connection.vars)); setName(connection.name); setProblem(undefined); }}>
            Undo changes
          </button>
        )}
        <button type="submit" className="primary" disabled={busy || !differs} aria-busy={busy}>
          Save
        </button>
      </div>
    </form>
  );
}
