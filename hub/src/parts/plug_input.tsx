// What a trial sends: an action's input as a form or as JSON, or any method and path.
import { useState, type RefObject } from "react";

import type { Json, JsonObject } from "../api";
import type { Action, Integration, Schema } from "../model";
import { Control } from "./control";
import { jsonFault, JsonInput } from "./json_input";
import { hasForm, SchemaForm } from "./schema_form";

// The body for the API, or why there is none yet.
export interface Prepared {
  fault: string;
  body?: JsonObject;
  files?: Record<string, File>;
}

type Prepare = RefObject<() => Prepared>;

function startOf(schema: Schema | boolean | null): JsonObject {
  const out: JsonObject = {};
  if (!hasForm(schema)) return out;
  for (const name of schema.required ?? []) {
    const value = schema.properties?.[name]?.default;
    if (value !== undefined) out[name] = value;
  }
  return out;
}

// A schema that declares members, be they none.
const isClosed = (schema: Schema | boolean | null) => typeof schema === "object" && !!schema?.properties;

const isObject = (value: Json): value is JsonObject => value !== null && typeof value === "object" && !Array.isArray(value);

export function ActionInput({ action, errors, prepare }: { action: Action; errors: Record<string, string>; prepare: Prepare }) {
  const input = action.input;
  const form = hasForm(input);
  const onlyFiles = !form && action.files.length > 0 && isClosed(input);
  const [how, setHow] = useState<"form" | "json">(form || onlyFiles ? "form" : "json");
  const [value, setValue] = useState<JsonObject>(() => startOf(input));
  const [text, setText] = useState(() => JSON.stringify(startOf(input), null, 2));
  const [files, setFiles] = useState<Record<string, File>>({});
  const [keep, setKeep] = useState(false);
  const [name, setName] = useState(action.slug);

  prepare.current = () => {
    const fault = how === "json" ? jsonFault(text) : "";
    if (fault) return { fault: "The input is no JSON yet." };
    const missing = action.files.find((one) => one.required && !files[one.name]);
    if (missing) return { fault: `Choose a file for ${missing.name}.` };
    if (keep && !name.trim()) return { fault: "The fixture needs a name." };
    const body: JsonObject = { action: action.slug, input: how === "form" ? value : text.trim() ? (JSON.parse(text) as Json) : {} };
    if (keep) body.save = name.trim();
    return { fault: "", body, files };
  };
  const choose = (of: string, file: File | undefined) => {
    const next = { ...files };
    if (file) next[of] = file;
    else delete next[of];
    setFiles(next);
  };
  const change = (next: "form" | "json") => {
    if (next === "json") setText(JSON.stringify(value, null, 2));
    else if (!jsonFault(text)) {
      const parsed = (text.trim() ? JSON.parse(text) : {}) as Json;
      if (!isObject(parsed)) return;
      setValue(parsed);
    } else return;
    setHow(next);
  };

  return (
    <>
      {form && (
        <div className="switch" role="group" aria-label="How to write the input">
          <button type="button" aria-pressed={how === "form"} onClick={() => change("form")}>
            Form
          </button>
          <button type="button" aria-pressed={how === "json"} onClick={() => change("json")}>
            JSON
          </button>
        </div>
      )}
      {action.files.map((file) => (
        <Control key={file.name} label={file.name} required={file.required}>
          {(tied) => <input {...tied} type="file" onChange={(event) => choose(file.name, event.target.files?.[0])} />}
        </Control>
      ))}
      {how === "form" && (form || onlyFiles) ? (
        form && <SchemaForm schema={input} value={value} errors={errors} onChange={setValue} />
      ) : (
        <JsonInput label="Input" text={text} rows={8} onChange={setText} error={Object.entries(errors).map(([path, message]) => `${path}: ${message}`).join("; ")} />
      )}
      <div className="control tick">
        <label>
          <input type="checkbox" checked={keep} onChange={(event) => setKeep(event.target.checked)} /> Keep input and answer as a fixture
        </label>
      </div>
      {keep && (
        <Control label="Name of the fixture" help="A file fixtures/NAME.json beside the definition, on the engine’s machine.">
          {(tied) => <input {...tied} type="text" value={name} spellCheck={false} autoComplete="off" onChange={(event) => setName(event.target.value)} />}
        </Control>
      )}
    </>
  );
}

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

export function PathInput({ integration, prepare }: { integration: Integration; prepare: Prepare }) {
  const [method, setMethod] = useState("GET");
  const [path, setPath] = useState("/");
  const [query, setQuery] = useState("");
  const [headers, setHeaders] = useState("");
  const [body, setBody] = useState("");
  const [compare, setCompare] = useState("");

  prepare.current = () => {
    for (const [what, text] of [["query", query], ["headers", headers]] as const) {
      if (jsonFault(text)) return { fault: `The ${what} are no JSON yet.` };
      if (text.trim() && !isObject(JSON.parse(text) as Json)) return { fault: `The ${what} are a JSON object.` };
    }
    const out: JsonObject = { method, path: path.trim(), compare: compare || true };
    if (query.trim()) out.query = JSON.parse(query) as Json;
    if (headers.trim()) out.headers = JSON.parse(headers) as Json;
    if (body) out.body = jsonFault(body) ? body : (JSON.parse(body) as Json);
    return { fault: "", body: out };
  };

  return (
    <>
      <div className="method-path">
        <Control label="Method">
          {(tied) => (
            <select {...tied} value={method} onChange={(event) => setMethod(event.target.value)}>
              {methods.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          )}
        </Control>
        <Control label="Path">
          {(tied) => <input {...tied} type="text" value={path} spellCheck={false} autoComplete="off" autoCapitalize="off" onChange={(event) => setPath(event.target.value)} />}
        </Control>
      </div>
      <p className="help">Below the integration’s base address, or a whole URL of one of its hosts.</p>
      <JsonInput label="Query" required={false} text={query} rows={1} onChange={setQuery} placeholder='{"page": 1}' />
      <JsonInput label="Headers" required={false} text={headers} rows={1} onChange={setHeaders} placeholder='{"X-Mine": "yes"}' />
      <Control label="Body" required={false} help="JSON, or any text.">
        {(tied) => <textarea {...tied} className="code" rows={3} spellCheck={false} value={body} onChange={(event) => setBody(event.target.value)} />}
      </Control>
      <Control label="Compare the answer with">
        {(tied) => (
          <select {...tied} value={compare} onChange={(event) => setCompare(event.target.value)}>
            <option value="">the action that has this path</option>
            {integration.actions.map((one) => (
              <option key={one.slug} value={one.slug}>
                {one.slug}
              </option>
            ))}
          </select>
        )}
      </Control>
    </>
  );
}
