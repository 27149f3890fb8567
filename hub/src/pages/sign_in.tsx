// Asks for an API token, and keeps it for this tab only.
import { useRef, useState, type FormEvent } from "react";

import { call } from "../api";
import { asProblem } from "../load";
import { Control } from "../parts/control";
import { setToken } from "../session";

export function SignIn() {
  const [text, setText] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  const enter = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError("");
    const refused = await call("GET", "/v1/integrations", undefined, undefined, text.trim()).then(() => null, asProblem);
    // Known, but not allowed everything: the pages say what the token lacks.
    if (!refused || refused.status === 403) return setToken(text.trim());
    setBusy(false);
    setError(refused.message);
    form.current?.querySelector("input")?.focus();
  };

  return (
    <main className="sign-in">
      <form ref={form} className="card" onSubmit={(event) => void enter(event)}>
        <img src="/hub/mark.svg" alt="" width="40" height="40" />
        <h1>Junctor</h1>
        <Control label="API token" error={error} help="It stays in this tab, and is forgotten when the tab is closed.">
          {(tied) => (
            <input {...tied} type="password" autoComplete="off" autoFocus spellCheck={false} placeholder="jct_…" value={text}
              onChange={(event) => setText(event.target.value)} />
          )}
        </Control>
        <button type="submit" className="primary" disabled={busy || !text.trim()}>
          Sign in
        </button>
        <details>
          <summary>Where do I get one?</summary>
          <p>On the machine of the engine:</p>
          <pre className="command">junctor token create hub --scopes '*'</pre>
        </details>
      </form>
    </main>
  );
}
