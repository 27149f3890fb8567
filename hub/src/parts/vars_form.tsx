// The vars of a connection, asked for as the integration declares them.
import { Fragment, useState } from "react";

import type { ApiProblem, Json, JsonObject } from "../api";
import type { Field, Option } from "../model";
import { Control } from "./control";
import { JsonArea, jsonFault } from "./json_input";
import { MultiSelectInput, same, SelectInput } from "./select_input";

export const mask = "••••••••";
// What stands in the inputs: texts, ticks, and the chosen option's value.
export type Draft = Record<string, Json>;

export function draftOf(fields: Field[], vars: JsonObject): Draft {
  const out: Draft = {};
  for (const field of fields) {
    const value = vars[field.key] ?? field.default;
    if (value === null || value === undefined) out[field.key] = field.type === "boolean" ? false : "";
    else if (field.type === "json" && typeof value !== "string") out[field.key] = JSON.stringify(value, null, 2);
    else if (field.type === "number") out[field.key] = String(value);
    else out[field.key] = value;
  }
  return out;
}

// What the API gets. A number or JSON that cannot be read goes as text: the API says what is wrong with it.
function valueOf(field: Field, entered: Json | undefined): Json {
  if (field.type === "boolean") return entered === true;
  if (entered === "" || entered === undefined || (Array.isArray(entered) && entered.length === 0)) return null;
  if (typeof entered !== "string") return entered;
  if (field.type === "number") return entered.trim() !== "" && Number.isFinite(Number(entered)) ? Number(entered) : entered;
  if (field.type === "json") return jsonFault(entered) ? entered : (JSON.parse(entered) as Json);
  return entered;
}

export function isVisible(field: Field, fields: Field[], draft: Draft, depth = 0): boolean {
  const when = field.visible_when;
  if (!when || depth > fields.length) return true;
  const other = fields.find((one) => one.key === when.field);
  if (!other || !isVisible(other, fields, draft, depth + 1)) return false;
  return same(valueOf(other, draft[other.key]), when.equals);
}

export const isAsked = (field: Field) => !field.hidden || (field.required && field.default === null);

// For a new connection: everything that is entered and visible.
export function varsToCreate(fields: Field[], draft: Draft): JsonObject {
  const out: JsonObject = {};
  for (const field of fields) {
    if (!isAsked(field) || !isVisible(field, fields, draft)) continue;
    const value = valueOf(field, draft[field.key]);
    if (value !== null) out[field.key] = value;
  }
  return out;
}

// For a connection that is there: what differs; null removes. Masks stay out, so their secrets are kept.
export function varsToChange(fields: Field[], draft: Draft, stored: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const field of fields) {
    if (!isVisible(field, fields, draft)) continue;
    const value = valueOf(field, draft[field.key]);
    if (field.secret && value === mask) continue;
    if (!same(value, stored[field.key]) && !(value === false && stored[field.key] === undefined)) out[field.key] = value;
  }
  return out;
}

// At a field that is empty, "found nothing" says nothing.
function asSentence(message: string): string {
  const told = message.replace(/^found nothing, /, "");
  return `${told.charAt(0).toUpperCase()}${told.slice(1)}.`;
}

// "vars.seats" to {seats: …}.
export function errorsByField(problem: ApiProblem | undefined): Record<string, string> {
  const out: Record<string, string> = {};
  for (const { path, message } of problem?.errors ?? []) {
    const key = path.replace(/^vars\./, "");
    const sentence = asSentence(message);
    out[key] = out[key] ? `${out[key]} ${sentence}` : sentence;
  }
  return out;
}

export interface Given {
  field: Field;
  value: Json | undefined;
  error?: string;
  change: (value: Json) => void;
  fetchOptions: (field: string) => Promise<Option[]>;
}

export function VarsForm({ fields, draft, errors, onChange, fetchOptions }: {
  fields: Field[];
  draft: Draft;
  errors: Record<string, string>;
  onChange: (draft: Draft) => void;
  fetchOptions: (field: string) => Promise<Option[]>;
}) {
  const asked = fields.filter((field) => isAsked(field) && isVisible(field, fields, draft));
  const shown = [...asked.filter((field) => !field.after_authorisation), ...asked.filter((field) => field.after_authorisation)];
  return (
    <>
      {shown.map((field, i) => (
        <Fragment key={field.key}>
          {field.group && field.group !== shown[i - 1]?.group && <h3>{field.group}</h3>}
          <VarInput field={field} value={draft[field.key]} error={errors[field.key]} fetchOptions={fetchOptions}
            change={(value) => onChange({ ...draft, [field.key]: value })} />
        </Fragment>
      ))}
    </>
  );
}

const keyboards: Partial<Record<Field["type"], "decimal" | "url" | "email">> = { number: "decimal", url: "url", email: "email" };

function VarInput(given: Given) {
  const { field, value, error, change } = given;
  const text = typeof value === "string" ? value : value === null || value === undefined ? "" : String(value);
  if (field.secret) return <SecretInput {...given} text={text} />;
  if (field.type === "select") return <SelectInput {...given} />;
  if (field.type === "multiselect") return <MultiSelectInput {...given} />;
  if (field.type === "boolean")
    return (
      <Control label={field.label || field.key} help={field.help} error={error}>
        {(tied) => <input {...tied} type="checkbox" name={field.key} checked={value === true} onChange={(event) => change(event.target.checked)} />}
      </Control>
    );
  return (
    <Control label={field.label || field.key} help={field.help} required={field.required}
      error={error ?? (field.type === "json" ? jsonFault(text) : undefined)}>
      {(tied) => {
        if (field.type === "json") return <JsonArea tied={tied} text={text} onChange={change} placeholder={field.placeholder} />;
        if (field.type === "textarea")
          return <textarea {...tied} name={field.key} rows={4} value={text} placeholder={field.placeholder} onChange={(event) => change(event.target.value)} />;
        // A number is a text to the browser: the API says better what is wrong with it.
        return (
          <input {...tied} name={field.key} type={field.type === "date" ? "date" : "text"} inputMode={keyboards[field.type]} autoComplete="off"
            spellCheck={false} value={text} placeholder={field.placeholder || (field.type === "url" ? "https://" : "")}
            onChange={(event) => change(event.target.value)} />
        );
      }}
    </Control>
  );
}

function SecretInput({ field, text, error, change }: Given & { text: string }) {
  const [had] = useState(text === mask);
  const kept = had && text === mask;
  const side = had && (
    <span className="actions">
      {kept ? (
        <button type="button" className="small" onClick={() => change("")}>
          Replace
        </button>
      ) : (
        <button type="button" className="small" onClick={() => change(mask)}>
          Keep the stored one
        </button>
      )}
    </span>
  );
  const help = had && !kept && text === "" && !field.required ? "Saving it empty removes the stored one." : field.help;
  return (
    <Control label={field.label || field.key} help={help} error={error} required={field.required} side={side}>
      {(tied) =>
        kept ? (
          <input {...tied} name={field.key} type="text" value={mask} readOnly aria-label={`${field.label || field.key}: stored, kept as it is`} />
        ) : field.type === "textarea" || field.type === "json" ? (
          <textarea {...tied} name={field.key} className="code" rows={5} spellCheck={false} autoComplete="off" value={text}
            placeholder={field.placeholder} onChange={(event) => change(event.target.value)} />
        ) : (
          <input {...tied} name={field.key} type="password" autoComplete="new-password" spellCheck={false} value={text}
            placeholder={field.placeholder} onChange={(event) => change(event.target.value)} />
        )
      }
    </Control>
  );
}
