// What came of a trial: the answer, how it differs from its schema, and what was sent for it.
import type { Json } from "../api";
import { bytes, milliseconds, words } from "../format";
import type { Action, Call, Difference, PlugAnswer } from "../model";
import { Link } from "../router";
import { Badge, Card, Facts, Note } from "./basics";
import { Calls, Headers } from "./calls";
import { JsonView } from "./json_view";

export function Answer({ of: { answer, calls }, action }: { of: { answer: PlugAnswer; calls: Call[] }; action: Action | undefined }) {
  const last = calls.at(-1);
  const status = answer.status ?? answer.failure?.provider?.status ?? last?.status ?? null;
  return (
    <>
      <Card title="Answer" side={<Badge state={answer.failure ? "failed" : "completed"} />}>
        <Facts
          of={[
            ["Status", status],
            ["Took", milliseconds(answer.duration_ms)],
            ["Calls", calls.length],
            ["Size", answer.body_bytes !== undefined ? bytes(answer.body_bytes) : last?.response && bytes(last.response.bytes)],
            ["Run", <Link key="run" to={`/runs/${answer.run}`}><code>{answer.run}</code></Link>],
            ["Fixture", answer.saved && <code key="fixture">{answer.saved}</code>],
          ]}
        />
        {answer.failure && <Failure of={answer.failure} />}
        {answer.output !== undefined && <Output of={answer.output} action={action} />}
        {answer.body !== undefined && answer.body !== "" && <JsonView value={answer.body} label="Body" />}
        {answer.cut_short && <p className="quiet">The body is longer than what is shown.</p>}
        {answer.headers && (
          <details>
            <summary>Headers of the answer ({answer.headers.length})</summary>
            <Headers of={answer.headers.map(({ name, value }) => [name, value])} />
          </details>
        )}
      </Card>
      {!answer.failure && <Differences of={answer.differences} action={action} named={answer.action} />}
      <Card title="Outgoing calls">
        <Calls of={calls} open />
      </Card>
    </>
  );
}

// A file is to be kept, not to be read as base64.
function Output({ of, action }: { of: Json; action: Action | undefined }) {
  const file = action?.gives_file && of && typeof of === "object" && !Array.isArray(of) ? of : undefined;
  const base64 = file?.base64;
  if (!file || !action || typeof base64 !== "string") return <JsonView value={of} label="Answer" />;
  const content = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  const { base64: _, ...about } = file;
  const keep = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
    link.download = action.slug;
    link.click();
    // Not at once: the browser reads it in a moment.
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  };
  return (
    <>
      <JsonView value={{ ...about, bytes: content.length }} label="Answer" />
      <div className="actions">
        <button type="button" onClick={keep}>
          Save the file
        </button>
      </div>
    </>
  );
}

function Failure({ of }: { of: NonNullable<PlugAnswer["failure"]> }) {
  const code = of.code ?? of.provider?.code;
  return (
    <Note tone="bad">
      <p>
        <strong>{words(of.kind)}</strong> {of.message}
        {code && <span className="quiet"> ({code})</span>}
      </p>
      {of.provider?.body && <JsonView value={of.provider.body} label="The provider’s words" />}
    </Note>
  );
}

const tones: Record<string, string> = { missing: "bad", undocumented: "warn" };

function Differences({ of, action, named }: { of: Difference[] | undefined; action: Action | undefined; named: string | null | undefined }) {
  const what = action?.slug ?? named;
  if (!of)
    return (
      <Card title="Compared with the schema">
        <p className="quiet">{what ? "The answer is no JSON, so there is nothing to compare." : "No action has this path, so there is no schema to compare with."}</p>
      </Card>
    );
  if (!action || typeof action.output !== "object" || action.output === null)
    return (
      <Card title="Compared with the schema">
        <p className="quiet">{what} declares no output schema.</p>
      </Card>
    );
  return (
    <Card title="Compared with the schema" side={<Badge state={of.length ? "partial" : "completed"}>{of.length === 0 ? "no difference" : `${of.length} ${of.length === 1 ? "difference" : "differences"}`}</Badge>}>
      {of.length === 0 ? (
        <p className="quiet">The answer is what {what} declares.</p>
      ) : (
        <table className="list differences">
          <thead>
            <tr>
              <th>What</th>
              <th>Where</th>
              <th>Why</th>
            </tr>
          </thead>
          <tbody>
            {of.map((one, i) => (
              <tr key={i}>
                <td data-label="What"><span className={`badge ${tones[one.kind] ?? "bad"}`}>{words(one.kind)}</span></td>
                <td data-label="Where"><code>{one.path || "/"}</code></td>
                <td data-label="Why">{one.message}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}
