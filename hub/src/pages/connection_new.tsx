// A new connection: the fields that its integration asks for before the authorisation.
import { useRef, useState, type FormEvent } from "react";

import { get, post, segment, type ApiProblem, type JsonObject } from "../api";
import { asProblem, useLoad } from "../load";
import type { Connection, Field, Integration, Option } from "../model";
import { Card, Page, Problem, Waiting } from "../parts/basics";
import { Control, refuse } from "../parts/control";
import { draftOf, errorsByField, varsToCreate, VarsForm, type Draft } from "../parts/vars_form";
import { Link, navigate } from "../router";

export function NewConnection({ integration: slug }: { integration: string }) {
  const place = `/v1/integrations/${segment(slug)}`;
  const integration = useLoad(place, (signal) => get<Integration>(place, signal));
  return (
    <Page title={`New connection to ${integration.data?.name || slug}`} above={<Link to="/connections/new">New connection</Link>}>
      <Problem of={integration.problem} again={integration.again} />
      {integration.loading && <Waiting />}
      {integration.data && <NewForm integration={integration.data} />}
    </Page>
  );
}

// Names that stand beside the vars in the API's problems.
const own = ["name", "auth_method", "integration"];

// What has no field to be shown at.
export function problemBeside(problem: ApiProblem | undefined, shown: string[]): ApiProblem | undefined {
  if (!problem) return undefined;
  const rest = problem.errors.filter((error) => !shown.includes(error.path.replace(/^vars\./, "")));
  if (problem.errors.length > 0 && rest.length === 0) return undefined;
  return Object.assign(Object.create(Object.getPrototypeOf(problem)), problem, { errors: rest, message: problem.message }) as ApiProblem;
}

function NewForm({ integration }: { integration: Integration }) {
  const fields: Field[] = integration.vars.filter((field) => !field.after_authorisation);
  const later = integration.vars.filter((field) => field.after_authorisation);
  const [draft, setDraft] = useState<Draft>(() => draftOf(fields, {}));
  const [name, setName] = useState("");
  const [method, setMethod] = useState(integration.auth[0]?.slug ?? "");
  const [problem, setProblem] = useState<ApiProblem>();
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const errors = errorsByField(problem);
  if (problem?.code === "name_taken") errors.name = problem.message;

  const create = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    const body: JsonObject = { integration: integration.slug, vars: varsToCreate(fields, draft) };
    if (name.trim()) body.name = name.trim();
    if (integration.auth.length > 1) body.auth_method = method;
    try {
      const made = await post<Connection>("/v1/connections", body);
      navigate(`/connections/${made.id}`);
    } catch (error) {
      refuse(form.current, () => {
        setProblem(asProblem(error));
        setBusy(false);
      });
    }
  };

  // Secrets stay here: the choices are fetched without them.
  const fetchOptions = async (field: string) => {
    const open = fields.filter((one) => !one.secret);
    const { items } = await post<{ items: Option[] }>(`/v1/integrations/${segment(integration.slug)}/vars/${segment(field)}/options`, {
      vars: varsToCreate(open, draft),
    });
    return items;
  };

  const shown = [...own, ...fields.map((field) => field.key)];
  const beside = problem?.code === "name_taken" ? undefined : problemBeside(problem, shown);
  return (
    <form ref={form} className="narrow" noValidate onSubmit={(event) => void create(event)}>
      <Card>
        {integration.description && <p className="quiet">{integration.description}</p>}
        <Problem of={beside} />
        <Control label="Name" required={false} error={errors.name} help="Tells several connections to the same system apart. Left empty, it is “default”.">
          {(tied) => <input {...tied} name="name" type="text" autoComplete="off" spellCheck={false} value={name} placeholder="default" onChange={(event) => setName(event.target.value)} />}
        </Control>
        {integration.auth.length > 1 && (
          <Control label="Authentication" error={errors.auth_method}>
            {(tied) => (
              <select {...tied} name="auth_method" value={method} onChange={(event) => setMethod(event.target.value)}>
                {integration.auth.map((one) => (
                  <option key={one.slug} value={one.slug}>
                    {one.label || one.slug}
                  </option>
                ))}
              </select>
            )}
          </Control>
        )}
        <VarsForm fields={fields} draft={draft} errors={errors} onChange={setDraft} fetchOptions={fetchOptions} />
        {later.length > 0 && (
          <p className="quiet">
            Asked for once the connection is there: {later.map((field) => field.label || field.key).join(", ")}.
          </p>
        )}
      </Card>
      <div className="actions end">
        <Link className="button" to="/connections">
          Cancel
        </Link>
        <button type="submit" className="primary" disabled={busy} aria-busy={busy}>
          Create
        </button>
      </div>
    </form>
  );
}
