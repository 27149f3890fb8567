// A labelled input with its help and what is wrong with it, tied together for whoever cannot see.
import { useId, type ReactNode } from "react";
import { flushSync } from "react-dom";

export interface Tied {
  id: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
  "aria-required"?: true;
}

export function Control({ label, help, error, required, side, children }: {
  label: string;
  help?: ReactNode;
  error?: string;
  required?: boolean;
  side?: ReactNode;
  children: (tied: Tied) => ReactNode;
}) {
  const id = useId();
  const about = [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className={error ? "control wrong" : "control"}>
      <div className="label-line">
        <label htmlFor={id}>
          {label}
          {required === false && <span className="quiet"> optional</span>}
        </label>
        {side}
      </div>
      {children({
        id,
        "aria-describedby": about || undefined,
        "aria-invalid": error ? true : undefined,
        "aria-required": required ? true : undefined,
      })}
      {error && (
        <p className="error" id={`${id}-error`}>
          {error}
        </p>
      )}
      {help && (
        <p className="help" id={`${id}-help`}>
          {help}
        </p>
      )}
    </div>
  );
}

// Shows a refusal and goes to the first input that is wrong; shown at once, or there would be none to go to yet.
export function refuse(form: HTMLElement | null, show: () => void) {
  flushSync(show);
  form?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
}
