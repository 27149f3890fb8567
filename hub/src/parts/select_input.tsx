// Inputs with choices: of the declaration, or fetched by an action.
import { useEffect, useId, useState } from "react";

import type { Json } from "../api";
import { asProblem } from "../load";
import type { Field, Option } from "../model";
import { Control } from "./control";
import type { Given } from "./vars_form";

export const same = (a: Json | undefined, b: Json | undefined) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

interface Choices {
  options: Option[];
  // Why there are none; a value may then be entered as text.
  fault: string;
  again: () => Promise<void>;
}

// Fetched once; afterwards on demand, since other fields may have changed.
function useChoices(field: Field, fetchOptions: Given["fetchOptions"]): Choices {
  const [fetched, setFetched] = useState<Option[]>();
  const [fault, setFault] = useState("");
  const again = async () => {
    try {
      setFetched(await fetchOptions(field.key));
      setFault("");
    } catch (problem) {
      setFault(asProblem(problem).message);
    }
  };
  useEffect(() => {
    if (field.fetches_options) void again();
  }, [field.key]);
  return { options: fetched ?? field.options ?? [], fault: fetched ? "" : fault, again };
}

function Again({ field, choices }: { field: Field; choices: Choices }) {
  if (!field.fetches_options) return null;
  return (
    <button type="button" className="small" onClick={() => void choices.again()}>
      Load the choices again
    </button>
  );
}

const helpOf = (field: Field, fault: string) => (fault ? `The choices could not be loaded: ${fault}. A value can be entered as text.` : field.help);
const isEmpty = (value: Json | undefined) => value === "" || value === null || value === undefined;

export function SelectInput({ field, value, error, change, fetchOptions }: Given) {
  const choices = useChoices(field, fetchOptions);
  const unknown = !isEmpty(value) && !choices.options.some((one) => same(one.value, value));
  return (
    <Control label={field.label || field.key} help={helpOf(field, choices.fault)} error={error} required={field.required}
      side={<Again field={field} choices={choices} />}>
      {(tied) =>
        choices.fault ? (
          <input {...tied} name={field.key} type="text" autoComplete="off" value={String(value ?? "")} onChange={(event) => change(event.target.value)} />
        ) : (
          <select {...tied} name={field.key} value={isEmpty(value) ? "" : JSON.stringify(value)}
            onChange={(event) => change(event.target.value ? (JSON.parse(event.target.value) as Json) : "")}>
            <option value="">{field.required ? "Choose…" : "None"}</option>
            {unknown && <option value={JSON.stringify(value)}>{String(value)}</option>}
            {choices.options.map((one) => (
              <option key={JSON.stringify(one.value)} value={JSON.stringify(one.value)}>
                {one.label || String(one.value)}
              </option>
            ))}
          </select>
        )
      }
    </Control>
  );
}

// Ticks, one per choice; what is stored and no choice any more keeps its tick until it is taken away.
export function MultiSelectInput({ field, value, error, change, fetchOptions }: Given) {
  const choices = useChoices(field, fetchOptions);
  const id = useId();
  const chosen = Array.isArray(value) ? value : [];
  const gone = chosen.filter((one) => !choices.options.some((option) => same(option.value, one)));
  const all = [...choices.options, ...gone.map((one) => ({ value: one, label: String(one) }))];
  const toggle = (one: Json) => change(chosen.some((other) => same(other, one)) ? chosen.filter((other) => !same(other, one)) : [...chosen, one]);
  return (
    <fieldset className={error ? "wrong" : undefined} aria-describedby={error ? `${id}-error` : undefined}>
      <legend>
        {field.label || field.key}
        {!field.required && <span className="quiet"> optional</span>}
      </legend>
      {all.map((one) => (
        <label key={JSON.stringify(one.value)} className="tick">
          <input type="checkbox" checked={chosen.some((other) => same(other, one.value))} aria-invalid={error ? true : undefined}
            onChange={() => toggle(one.value)} />
          {one.label || String(one.value)}
        </label>
      ))}
      {error && (
        <p className="error" id={`${id}-error`}>
          {error}
        </p>
      )}
      <p className="help">{choices.fault ? `The choices could not be loaded: ${choices.fault}.` : field.help}</p>
      <Again field={field} choices={choices} />
    </fieldset>
  );
}
