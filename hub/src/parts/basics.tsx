// Small things that pages are made of.
import { useEffect, useRef, useState, useSyncExternalStore, type ReactNode } from "react";

import type { ApiProblem } from "../api";
import { ago, words } from "../format";

const tones: Record<string, string> = {
  ready: "good", healthy: "good", completed: "good", yes: "good",
  failing: "bad", failed: "bad", grant_expired: "bad", error: "bad",
  needs_authorisation: "warn", needs_vars: "warn", retrying: "warn", partial: "warn", paused: "warn", warning: "warn",
  running: "live",
};

export function Badge({ state, children }: { state: string; children?: ReactNode }) {
  return <span className={`badge ${tones[state] ?? "plain"}`}>{children ?? words(state)}</span>;
}

// Every shown time grows older together.
const clock = new Set<() => void>();
setInterval(() => {
  for (const tick of clock) tick();
}, 10_000);
const onTick = (tick: () => void) => {
  clock.add(tick);
  return () => void clock.delete(tick);
};

export function Time({ at }: { at: string | null | undefined }) {
  useSyncExternalStore(onTick, () => Math.floor(Date.now() / 10_000));
  if (!at) return <span className="quiet">never</span>;
  const date = new Date(at);
  return (
    <time dateTime={at} title={`${date.toLocaleString()} (${at})`}>
      {ago(date)}
    </time>
  );
}

export function Page({ title, actions, above, children }: { title: string; actions?: ReactNode; above?: ReactNode; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Junctor`;
  }, [title]);
  // Whoever listens to the page hears where it has come to; the first page leaves the focus alone.
  useEffect(() => {
    if (document.activeElement && document.activeElement !== document.body) heading.current?.focus();
  }, []);
  return (
    <>
      {above && <div className="above">{above}</div>}
      <header className="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {actions && <div className="actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

export function Card({ title, side, children, id }: { title?: ReactNode; side?: ReactNode; children: ReactNode; id?: string }) {
  return (
    <section className="card" id={id}>
      {(title || side) && (
        <div className="card-head">
          <h2>{title}</h2>
          {side}
        </div>
      )}
      {children}
    </section>
  );
}

export function Note({ tone = "plain", children }: { tone?: "plain" | "bad" | "good" | "warn"; children: ReactNode }) {
  return (
    <div className={`note ${tone}`} role={tone === "bad" ? "alert" : "status"}>
      {children}
    </div>
  );
}

export function Problem({ of, again, how = "Try again" }: { of: ApiProblem | undefined; again?: () => void; how?: string }) {
  if (!of) return null;
  return (
    <Note tone="bad">
      <p>
        {of.message}
        {of.code && <span className="quiet"> ({of.code})</span>}
      </p>
      {of.errors.length > 0 && (
        <ul>
          {of.errors.map((error) => (
            <li key={error.path + error.message}>
              <code>{error.path}</code> {error.message}
            </li>
          ))}
        </ul>
      )}
      {again && (
        <button type="button" className="small" onClick={again}>
          {how}
        </button>
      )}
    </Note>
  );
}

export const Empty = ({ children }: { children: ReactNode }) => <div className="empty">{children}</div>;

export const Waiting = () => (
  <p className="waiting" role="status">
    Loading…
  </p>
);

export function Facts({ of }: { of: [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {of
        .filter(([, value]) => value !== null && value !== undefined && value !== "")
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

// A button whose work takes a moment; it cannot be pressed twice.
export function Work({ onClick, children, className, disabled }: { onClick: () => Promise<unknown>; children: ReactNode; className?: string; disabled?: boolean }) {
  const [busy, setBusy] = useState(false);
  const there = useRef(true);
  useEffect(() => {
    there.current = true;
    return () => void (there.current = false);
  }, []);
  const go = async () => {
    setBusy(true);
    try {
      await onClick();
    } finally {
      if (there.current) setBusy(false);
    }
  };
  return (
    <button type="button" className={className} disabled={disabled || busy} aria-busy={busy} onClick={() => void go()}>
      {children}
    </button>
  );
}

// Asks before something that cannot be undone.
export function Confirm({ title, action, onYes, onNo, children }: { title: string; action: string; onYes: () => Promise<unknown>; onNo: () => void; children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="confirm-title" onClose={onNo}>
      <h2 id="confirm-title">{title}</h2>
      {children}
      <div className="actions">
        <button type="button" onClick={onNo}>
          Cancel
        </button>
        <Work className="danger" onClick={onYes}>
          {action}
        </Work>
      </div>
    </dialog>
  );
}
