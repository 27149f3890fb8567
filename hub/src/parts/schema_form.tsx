// A form for a JSON Schema of an object. What a form cannot ask for well is asked for as JSON.
import { useState } from "react";

import type { Json, JsonObject } from "../api";
import type { Schema } from "../model";
import { Control } from "./control";
import { JsonArea, jsonFault } from "./json_input";

const deepest = 3;

const typeOf = (schema: Schema) => (Array.isArray(schema.type) ? (schema.type.find((one) => one !== "null") ?? "") : (schema.type ?? ""));

export const hasForm = (schema: Schema | boolean | null | undefined): schema is Schema =>
  typeof schema === "object" && !!schema?.properties && Object.keys(schema.properties).length > 0;

interface Given {
  name: string;
  schema: Schema;
  required: boolean;
  value: Json | undefined;
  path: string;
  errors: Record<string, string>;
  depth: number;
  // undefined: the member is left out.
  change: (value: Json | undefined) => void;
}

function withMember(object: JsonObject, name: string, value: Json | undefined): JsonObject {
  const next = { ...object };
  if (value === undefined) delete next[name];
  else next[name] = value;
  return next;
}

const asObject = (value: Json | undefined): JsonObject => (value && typeof value === "object" && !Array.isArray(value) ? value : {});

export function SchemaForm({ schema, value, errors, onChange, path = "", depth = 0 }: {
  schema: Schema;
  value: JsonObject;
  errors: Record<string, string>;
  onChange: (value: JsonObject) => void;
  path?: string;
  depth?: number;
}) {
  const required = new Set(schema.required ?? []);
  const members = Object.entries(schema.properties ?? {});
  members.sort(([a], [b]) => Number(required.has(b)) - Number(required.has(a)));
  return (
    <>
      {members.map(([name, member]) => (
        <Member key={name} name={name} schema={member} required={required.has(name)} value={value[name]} errors={errors} depth={depth}
          path={path ? `${path}.${name}` : name} change={(next) => onChange(withMember(value, name, next))} />
      ))}
    </>
  );
}

function Member(given: Given) {
  const { name, schema, required, value, path, errors, depth, change } = given;
  if (typeOf(schema) === "object" && hasForm(schema) && depth < deepest)
    return (
      <fieldset>
        <legend>
          {schema.title || name}
          {!required && <span className="quiet"> optional</span>}
        </legend>
        {schema.description && <p className="help">{schema.description}</p>}
        <SchemaForm schema={schema} value={asObject(value)} errors={errors} path={path} depth={depth + 1}
          onChange={(next) => change(Object.keys(next).length > 0 || required ? next : undefined)} />
      </fieldset>
    );
  if (schema.enum || typeOf(schema) === "boolean") return <Choice {...given} />;
  if (["string", "integer", "number"].includes(typeOf(schema))) return <Scalar {...given} />;
  return <Other {...given} />;
}

const labelOf = (given: Given) => given.schema.title || given.name;
const placeholderOf = (schema: Schema) => (schema.default === undefined || schema.default === null ? undefined : String(schema.default));

function Choice(given: Given) {
  const { schema, required, value, path, errors, change } = given;
  const choices: Json[] = schema.enum ?? [true, false];
  const otherwise = schema.default === undefined ? "Not given" : `Not given (${String(schema.default)})`;
  return (
    <Control label={labelOf(given)} help={schema.description} required={required} error={errors[path]}>
      {(tied) => (
        <select {...tied} name={path} value={value === undefined ? "" : JSON.stringify(value)}
          onChange={(event) => change(event.target.value === "" ? undefined : (JSON.parse(event.target.value) as Json))}>
          <option value="">{otherwise}</option>
          {choices.map((one) => (
            <option key={JSON.stringify(one)} value={JSON.stringify(one)}>
              {String(one)}
            </option>
          ))}
        </select>
      )}
    </Control>
  );
}

// Text that is no number goes as it is: the schema says what is wrong with it.
function scalar(schema: Schema, text: string): Json | undefined {
  if (text === "") return undefined;
  const numeric = ["integer", "number"].includes(typeOf(schema));
  return numeric && text.trim() !== "" && Number.isFinite(Number(text)) && String(Number(text)) === text.trim() ? Number(text) : text;
}

function Scalar(given: Given) {
  const { schema, required, value, path, errors, change } = given;
  const numeric = ["integer", "number"].includes(typeOf(schema));
  const text = value === undefined || value === null ? "" : String(value);
  const long = text.includes("\n") || text.length > 120;
  return (
    <Control label={labelOf(given)} help={schema.description} required={required} error={errors[path]}>
      {(tied) =>
        long ? (
          <textarea {...tied} name={path} rows={4} value={text} onChange={(event) => change(scalar(schema, event.target.value))} />
        ) : (
          <input {...tied} name={path} type="text" autoComplete="off" spellCheck={false} inputMode={numeric ? "decimal" : "text"} value={text}
            placeholder={placeholderOf(schema) ?? (schema.format ? `(${schema.format})` : undefined)} onChange={(event) => change(scalar(schema, event.target.value))} />
        )
      }
    </Control>
  );
}

function Other(given: Given) {
  const { schema, required, value, path, errors, change } = given;
  const [text, setText] = useState(value === undefined ? "" : JSON.stringify(value, null, 2));
  const write = (next: string) => {
    setText(next);
    if (!next.trim()) change(undefined);
    else change(jsonFault(next) ? next : (JSON.parse(next) as Json));
  };
  const help = [schema.description, `As JSON${typeOf(schema) ? `: ${typeOf(schema)}` : ""}.`].filter(Boolean).join(" ");
  return (
    <Control label={labelOf(given)} help={help} required={required} error={errors[path] ?? jsonFault(text)}>
      {(tied) => <JsonArea tied={tied} text={text} rows={2} onChange={write} placeholder={placeholderOf(schema)} />}
    </Control>
  );
}
