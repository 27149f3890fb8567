// Tries an action or any path of an integration, through the engine's own client with a connection.
import { useEffect, useRef, useState, type FormEvent } from "react";

import { get, post, segment, withQuery, type ApiProblem, type FieldError, type JsonObject } from "../api";
import { asProblem, useLoad } from "../load";
import type { Call, Connection, Integration, IntegrationName, PlugAnswer } from "../model";
import { Answer } from "../parts/answer";
import { Card, Empty, Page, Problem, Waiting } from "../parts/basics";
import { Control, refuse } from "../parts/control";
import { ActionInput, PathInput, type Prepared } from "../parts/plug_input";
import { Link, navigate, usePlace } from "../router";

const anyPath = "*";

export interface Result {
  answer: PlugAnswer;
  calls: Call[];
}

export function Debugger({ integrations, integration: slug, action: given }: { integrations: IntegrationName[]; integration?: string; action?: string }) {
  const wanted = usePlace().query.get("connection") ?? "";
  const place = slug ? `/v1/integrations/${segment(slug)}` : null;
  const integration = useLoad(place, (signal) => get<Integration>(place!, signal));
  const listed = slug ? withQuery("/v1/connections", { integration: slug, limit: 200 }) : null;
  const connections = useLoad(listed, (signal) => get<{ items: Connection[] }>(listed!, signal));
  const names = connections.data?.items.map((one) => one.name);
  // With one connection there is nothing to choose.
  const connection = wanted || (names?.length === 1 ? names[0]! : "");
  const go = (to: { integration?: string; action?: string; connection?: string }) => {
    const next = { integration: slug, action: given, connection: wanted, ...to };
    const path = ["/debugger", next.integration, next.action].filter((one): one is string => !!one).map((one, i) => (i ? segment(one) : one)).join("/");
    navigate(withQuery(path, { connection: next.connection }), "replace");
  };

  return (
    <Page title="Debugger">
      <Card>
        <div className="filters">
          <Control label="Integration">
            {(tied) => (
              <select {...tied} value={slug ?? ""} onChange={(event) => go({ integration: event.target.value, action: "", connection: "" })}>
                <option value="">Choose…</option>
                {integrations.map((one) => (
                  <option key={one.slug} value={one.slug}>
                    {one.name || one.slug}
                  </option>
                ))}
              </select>
            )}
          </Control>
          <Control label="Connection">
            {(tied) => (
              <select {...tied} value={connection} disabled={!slug} onChange={(event) => go({ connection: event.target.value })}>
                <option value="">None</option>
                {connection && !names?.includes(connection) && <option value={connection}>{connection}</option>}
                {names?.map((name) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </select>
            )}
          </Control>
          <Control label="Action">
            {(tied) => (
              <select {...tied} value={given ?? ""} disabled={!integration.data} onChange={(event) => go({ action: event.target.value })}>
                <option value="">Choose…</option>
                <option value={anyPath}>Any method and path</option>
                {integration.data?.actions.map((one) => (
                  <option key={one.slug} value={one.slug}>
                    {one.slug}
                  </option>
                ))}
              </select>
            )}
          </Control>
        </div>
        {slug && connections.data && names?.length === 0 && (
          <p className="quiet">
            There is no connection to {slug} yet. <Link to={`/connections/new/${segment(slug)}`}>Make one</Link>
          </p>
        )}
      </Card>
      <Problem of={integration.problem ?? connections.problem} again={integration.again} />
      {integration.loading && <Waiting />}
      {!slug && <Empty>Choose an integration, then what to call. Calls go out for real, with the connection’s credentials, limits and address guard.</Empty>}
      {integration.data && given && <Trial key={`${slug} ${given}`} integration={integration.data} action={given} connection={connection} />}
    </Page>
  );
}

// The path of the input that an error of the schema concerns: a missing member is told at its parent.
function inputOf({ path, message }: FieldError): string {
  const parent = path.replace(/^\$\.?/, "");
  const missing = /^the member '(.+)' is missing$/.exec(message)?.[1];
  return [parent, missing].filter(Boolean).join(".");
}

// A question with files is a form.
function withFiles(question: JsonObject, files: Record<string, File> = {}) {
  if (Object.keys(files).length === 0) return question;
  const form = new FormData();
  form.append("question", JSON.stringify(question));
  for (const [name, file] of Object.entries(files)) form.append(name, file);
  return form;
}

function Trial({ integration, action: slug, connection }: { integration: Integration; action: string; connection: string }) {
  const action = integration.actions.find((one) => one.slug === slug);
  const prepare = useRef<() => Prepared>(() => ({ fault: "" }));
  const [problem, setProblem] = useState<ApiProblem>();
  const [result, setResult] = useState<Result>();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const form = useRef<HTMLFormElement>(null);
  const answer = useRef<HTMLDivElement>(null);
  const errors = Object.fromEntries((result?.answer.failure?.errors ?? []).map((one) => [inputOf(one), one.message]));

  const send = async (event: FormEvent) => {
    event.preventDefault();
    const prepared = prepare.current();
    if (prepared.fault) return refuse(form.current, () => setFault(prepared.fault));
    setFault("");
    setBusy(true);
    setProblem(undefined);
    const body: JsonObject = { ...prepared.body };
    if (connection) body.connection = connection;
    try {
      const given = await post<PlugAnswer>(`/v1/integrations/${segment(integration.slug)}/plug`, withFiles(body, prepared.files));
      const recorded = await get<{ calls: Call[] }>(`/v1/runs/${given.run}/calls`).catch(() => ({ calls: [] }));
      setResult({ answer: given, calls: recorded.calls });
    } catch (error) {
      setResult(undefined);
      setProblem(asProblem(error));
    }
    setBusy(false);
  };
  // On a narrow page the answer is far below the button.
  useEffect(() => {
    const box = answer.current?.getBoundingClientRect();
    if (result && box && box.top > window.innerHeight) answer.current?.scrollIntoView({ block: "start" });
  }, [result]);

  if (slug !== anyPath && !action) return <Problem of={problem ?? asProblem(new Error(`${integration.slug} has no action “${slug}”`))} />;
  return (
    <div className="bench">
      <form ref={form} noValidate onSubmit={(event) => void send(event)}>
        <Card title={action ? action.name || action.slug : "Any method and path"}
          side={action && <code className="quiet">{action.method} {action.path}</code>}>
          {action?.description && <p className="quiet">{action.description}</p>}
          {action ? <ActionInput action={action} errors={errors} prepare={prepare} /> : <PathInput integration={integration} prepare={prepare} />}
          {fault && <p className="error" role="alert">{fault}</p>}
          <div className="actions">
            <button type="submit" className="primary" disabled={busy} aria-busy={busy}>
              {busy ? "Calling…" : "Call"}
            </button>
          </div>
        </Card>
      </form>
      <div ref={answer} aria-live="polite">
        <Problem of={problem} />
        {result ? <Answer of={result} action={action ?? integration.actions.find((one) => one.slug === result.answer.action)} /> : !problem && <Empty>The answer appears here.</Empty>}
      </div>
    </div>
  );
}
