// What was sent to other systems, as the engine recorded it: without what is secret.
import type { Json } from "../api";
import { bytes, microseconds } from "../format";
import type { Call, CallSide } from "../model";
import { Empty, Facts } from "./basics";
import { JsonView } from "./json_view";

export function Headers({ of }: { of: [name: string, value: string][] }) {
  if (of.length === 0) return <p className="quiet">No headers.</p>;
  return (
    <table className="headers">
      <tbody>
        {of.map(([name, value], i) => (
          <tr key={i}>
            <th scope="row">{name}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function Side({ name, of }: { name: string; of: CallSide | undefined }) {
  if (!of) return null;
  return (
    <div>
      <h4>
        {name} <span className="quiet">{bytes(of.bytes)}</span>
      </h4>
      <Headers of={of.headers} />
      {of.body ? <JsonView value={parsed(of.body)} label={`${name} body`} /> : of.bytes > 0 && <p className="quiet">The body was not kept.</p>}
    </div>
  );
}

const tone = (call: Call) => (call.failure || !call.status || call.status >= 400 ? "bad" : "good");

export function Calls({ of, leftOut = 0, open = false }: { of: Call[]; leftOut?: number; open?: boolean }) {
  if (of.length === 0) return <Empty>Nothing was sent to another system.</Empty>;
  return (
    <div className="calls">
      {of.map((call) => (
        <details key={call.number} open={open && of.length === 1}>
          <summary>
            <span className={`badge ${tone(call)}`}>{call.status ?? "no answer"}</span>
            <span className="method">{call.method}</span>
            <span className="url">{call.url}</span>
            <span className="quiet took">{microseconds(call.total_us)}</span>
          </summary>
          <div className="call">
            <Facts
              of={[
                ["Action", call.action],
                ["Attempt", call.attempt && call.attempt > 1 ? call.attempt : null],
                ["Page", call.page ? call.page + 1 : null],
                ["Connected in", call.connection_reused ? "reused" : call.connect_us !== undefined && microseconds(call.connect_us)],
                ["First byte after", call.first_byte_us !== undefined && microseconds(call.first_byte_us)],
                ["Took", microseconds(call.total_us)],
                ["Failed", call.failure],
              ]}
            />
            <div className="sides">
              <Side name="Request" of={call.request} />
              <Side name="Response" of={call.response} />
            </div>
          </div>
        </details>
      ))}
      {leftOut > 0 && <p className="quiet">{leftOut} more calls were counted, not kept.</p>}
    </div>
  );
}
