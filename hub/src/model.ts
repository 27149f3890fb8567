// What the management API answers, as far as the hub reads it.
import type { FieldError, Json, JsonObject } from "./api";

export interface IntegrationName {
  slug: string;
  name: string;
  version: string;
}

export interface Option {
  value: Json;
  label: string;
}

export type FieldType = "text" | "password" | "url" | "number" | "boolean" | "select" | "multiselect" | "textarea" | "json" | "email" | "date";

export interface Field {
  key: string;
  type: FieldType;
  label: string;
  help: string;
  placeholder: string;
  required: boolean;
  secret: boolean;
  hidden: boolean;
  group: string;
  default: Json;
  after_authorisation: boolean;
  fetches_options: boolean;
  options?: Option[];
  visible_when?: { field: string; equals: Json };
}

export interface AuthMethod {
  slug: string;
  label: string;
  type: string;
  grant: string | null;
  needs_consent: boolean;
}

export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  enum?: Json[];
  default?: Json;
  format?: string;
  items?: Schema;
  [key: string]: unknown;
}

export interface Action {
  slug: string;
  name: string;
  description: string;
  method: string;
  path: string;
  // true: anything fits.
  input: Schema | boolean | null;
  output: Schema | boolean | null;
  // Parameters that are no members of the input, but files beside it.
  files: { name: string; required: boolean }[];
  gives_file: boolean;
}

export interface Integration extends IntegrationName {
  description: string;
  vars: Field[];
  auth: AuthMethod[];
  test_action: string;
  actions: Action[];
}

export interface Health {
  state: "unknown" | "healthy" | "failing";
  message?: string;
  checked_at?: string;
  latency_ms?: number;
}

export interface Connection {
  id: string;
  integration: string;
  name: string;
  enabled: boolean;
  status: "needs_authorisation" | "needs_vars" | "ready" | "grant_expired";
  auth_method?: string;
  status_reason?: string;
  vars: JsonObject;
  health: Health;
  version: number;
  created_at: string;
  updated_at: string;
}

export interface Call {
  number: number;
  started_at: string;
  method: string;
  url: string;
  status: number | null;
  total_us: number;
  failure?: string;
  action?: string;
  attempt?: number;
  page?: number;
  connect_us?: number;
  first_byte_us?: number;
  connection_reused?: boolean;
  request?: CallSide;
  response?: CallSide;
}

export interface Header {
  name: string;
  value: string;
}

export interface CallSide {
  headers: [name: string, value: string][];
  bytes: number;
  body?: string;
}

export interface Run {
  id: string;
  kind: string;
  integration: string;
  subject: string;
  trigger: string;
  status: string;
  attempt: number;
  started_at: string;
  finished_at: string | null;
  connection: string | null;
  event: string | null;
  counters: JsonObject | null;
  error?: { kind: string; message: string };
}

export interface WholeRun extends Run {
  input: Json;
  output: Json;
  log: { at: string; level: string; message: string }[];
  calls_left_out: number;
}

export interface Difference {
  kind: string;
  path: string;
  message: string;
}

export interface PlugAnswer {
  run: string;
  duration_ms: number;
  action?: string | null;
  output?: Json;
  status?: number;
  headers?: Header[];
  body?: Json;
  body_bytes?: number;
  cut_short?: boolean;
  differences?: Difference[];
  fixture?: Json;
  saved?: string;
  failure?: {
    kind: string;
    message: string;
    code?: string;
    errors?: FieldError[];
    provider?: { status: number; code: string; message: string; body: string };
  };
}

export interface Queue {
  queue: string;
  paused: boolean;
  ready: number;
  delayed: number;
  leased: number;
  behind_lane: number;
  dead_letters: number;
  oldest_age_ms: number;
  accepted: number;
  finished: number;
  retried: number;
  unaccounted: number;
}

export interface DeadLetter {
  id: string;
  topic: string;
  payload: Json;
  created_at: string;
  died_at: string;
  reason: string;
  attempts: { number: number; ended_at: string; outcome: string; error: string }[];
}

export interface JunctorEvent {
  id: string;
  topic: string;
  source: string;
  connection: string;
  entity: string;
  correlation_id: string;
  causation_id: string;
  created_at: string;
  headers: Json;
  payload: Json;
}

export interface Endpoint {
  name: string;
  path: string;
  integration: string;
  webhook: string;
  connection: string;
  enabled: boolean;
}

export interface Refusal {
  at: string;
  peer: string;
  reason: string;
}
