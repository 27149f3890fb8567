// Data that a page shows: loaded when its question changes, again on demand, and now and then.
import { useCallback, useEffect, useRef, useState } from "react";

import { ApiProblem } from "./api";
import { setToken } from "./session";

export interface Loaded<T> {
  data: T | undefined;
  problem: ApiProblem | undefined;
  loading: boolean;
  again: () => Promise<void>;
}

export function asProblem(error: unknown): ApiProblem {
  const problem = error instanceof ApiProblem ? error : new ApiProblem(0, error instanceof Error ? error.message : String(error));
  // The token was revoked or has expired: the sign-in page takes over.
  if (problem.status === 401) setToken("");
  return problem;
}

// question: what identifies the data; null loads nothing. every: milliseconds, 0 for never.
export function useLoad<T>(question: string | null, load: (signal: AbortSignal) => Promise<T>, every = 0): Loaded<T> {
  const [state, setState] = useState<{ question: string | null; data?: T; problem?: ApiProblem }>({ question: null });
  const current = useRef(load);
  current.current = load;
  const running = useRef<AbortController | null>(null);
  const wanted = useRef(question);
  wanted.current = question;

  const again = useCallback(async () => {
    // Held by somebody for whom the question has changed meanwhile.
    if (question === null || question !== wanted.current) return;
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    try {
      const data = await current.current(controller.signal);
      if (!controller.signal.aborted) setState({ question, data });
    } catch (error) {
      if (controller.signal.aborted) return;
      const problem = asProblem(error);
      setState((before) => ({ question, data: before.question === question ? before.data : undefined, problem }));
    }
  }, [question]);

  useEffect(() => {
    void again();
    return () => running.current?.abort();
  }, [again]);

  useEffect(() => {
    if (!every) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") void again();
    }, every);
    return () => clearInterval(timer);
  }, [again, every]);

  const mine = state.question === question;
  return {
    data: mine ? state.data : undefined,
    problem: mine ? state.problem : undefined,
    loading: question !== null && !mine,
    again,
  };
}
