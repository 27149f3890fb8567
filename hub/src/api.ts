// The management API, as the hub calls it. Nothing else in the hub talks to the engine.
import { token } from "./session";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface FieldError {
  path: string;
  message: string;
}

// What the API says went wrong (application/problem+json).
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly code = "",
    readonly errors: FieldError[] = [],
    // Seconds until another try is worth it; undefined where the engine does not say.
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

async function problemOf(response: Response): Promise<ApiProblem> {
  const body = (await response.json().catch(() => ({}))) as JsonObject;
  const text = (name: string) => (typeof body[name] === "string" ? (body[name] as string) : "");
  const errors = Array.isArray(body.errors) ? (body.errors as unknown as FieldError[]) : [];
  const message = text("detail") || text("title") || `the engine answered ${response.status}`;
  const wait = Number(response.headers.get("Retry-After") || NaN);
  return new ApiProblem(response.status, message, text("code"), errors, Number.isFinite(wait) ? wait : undefined);
}

export async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal, bearer = token()): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  // Of a form the browser itself says where its parts end.
  const form = body instanceof FormData;
  if (body !== undefined && !form) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      signal,
      body: form ? body : body === undefined ? undefined : JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiProblem(0, "the engine cannot be reached");
  }
  if (!response.ok) throw await problemOf(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export const get = <T>(path: string, signal?: AbortSignal) => call<T>("GET", path, undefined, signal);
export const post = <T>(path: string, body: unknown = {}) => call<T>("POST", path, body);

// "/v1/runs" and {status: "failed", kind: ""} to "/v1/runs?status=failed".
export function withQuery(path: string, query: Record<string, string | number | undefined>) {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== "") parts.set(name, String(value));
  const text = parts.toString();
  return text ? `${path}?${text}` : path;
}

export const segment = encodeURIComponent;
