// The consent of the provider's user: by its page, or by a code for another device.
import { useEffect, useState } from "react";

import { ApiProblem, post, segment } from "../api";
import { asProblem } from "../load";
import type { Connection, Integration } from "../model";
import { Card, Note, Problem, Work } from "./basics";

interface DeviceCode {
  handle: string;
  user_code: string;
  verification_url: string;
  complete_url: string;
  interval_seconds: number;
  expires_at: string;
}

// The provider's page is opened only where it is one: never "javascript:" or another scheme.
const isWebAddress = (url: string) => /^https?:\/\//i.test(url);

export function Authorise({ connection, integration, changed }: { connection: Connection; integration: Integration; changed: () => Promise<void> }) {
  const [problem, setProblem] = useState<ApiProblem>();
  const [code, setCode] = useState<DeviceCode>();
  const method = integration.auth.find((one) => one.slug === connection.auth_method) ?? integration.auth[0];
  if (!method?.needs_consent) return null;
  const place = `/v1/connections/${segment(connection.id)}`;
  const needed = connection.status === "needs_authorisation" || connection.status === "grant_expired";

  const begin = async () => {
    setProblem(undefined);
    try {
      if (method.grant === "device_code") return setCode(await post<DeviceCode>(`${place}/device`));
      const { url } = await post<{ url: string }>(`${place}/authorise`, { return_to: `/hub/connections/${connection.id}` });
      if (!isWebAddress(url)) throw new Error("the consent page has no web address");
      window.location.assign(url);
    } catch (error) {
      setProblem(asProblem(error));
    }
  };
  const revoke = async () => {
    setProblem(undefined);
    try {
      await post(`${place}/revoke`);
    } catch (error) {
      setProblem(asProblem(error));
    }
    await changed();
  };

  return (
    <Card title="Authorisation"
      side={
        <span className="actions">
          <Work className={needed ? "primary" : ""} onClick={begin}>
            {needed ? "Authorise" : "Authorise again"}
          </Work>
          {!needed && <Work onClick={revoke}>Revoke</Work>}
        </span>
      }>
      <Problem of={problem} />
      {code ? (
        <Waiting code={code} place={place} done={async () => { setCode(undefined); await changed(); }} failed={setProblem} />
      ) : (
        <p className="quiet">
          {needed
            ? `${integration.name || integration.slug} asks somebody with an account there to agree. ${method.grant === "device_code" ? "That is done with a code, on any device." : "You come back here afterwards."}`
            : "Consent was given."}
        </p>
      )}
    </Card>
  );
}

// The engine, or the provider behind it, is busy or away for now.
const isPassing = (error: unknown): error is ApiProblem => error instanceof ApiProblem && [0, 429, 502, 503, 504].includes(error.status);

function Waiting({ code, place, done, failed }: { code: DeviceCode; place: string; done: () => Promise<void>; failed: (problem: ApiProblem) => void }) {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    let interval = code.interval_seconds;
    let over = false;
    const next = (seconds: number) => {
      if (!over) timer = setTimeout(() => void ask(), Math.max(1, seconds) * 1_000);
    };
    // Asked again only after an answer: the interval counts from there.
    const ask = async () => {
      try {
        const answer = await post<{ status: string; interval_seconds?: number }>(`${place}/device/${segment(code.handle)}`);
        interval = answer.interval_seconds ?? interval;
        if (over) return;
        if (answer.status === "authorised") await done();
        else next(interval);
      } catch (error) {
        if (over) return;
        if (isPassing(error)) next(Math.max(interval, error.retryAfter ?? 0));
        else failed(asProblem(error));
      }
    };
    next(interval);
    return () => {
      over = true;
      clearTimeout(timer);
    };
    // One code, one waiting.
  }, [code.handle]);
  const page = code.complete_url || code.verification_url;
  return (
    <Note>
      <p>
        Open {isWebAddress(page) ? <a href={page} target="_blank" rel="noreferrer">{code.verification_url}</a> : code.verification_url} and enter
      </p>
      <p className="user-code">{code.user_code}</p>
      <p className="quiet">This page notices when it is done.</p>
    </Note>
  );
}
