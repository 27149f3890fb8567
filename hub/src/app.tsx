// The frame around the pages, and which page belongs to which path. A new page is one line in `pages`.
import { Component, useSyncExternalStore, type ReactNode } from "react";

import { get } from "./api";
import { useLoad } from "./load";
import type { IntegrationName } from "./model";
import { ConnectionPage } from "./pages/connection";
import { NewConnection } from "./pages/connection_new";
import { ChooseIntegration, Connections } from "./pages/connections";
import { Debugger } from "./pages/debugger";
import { EventPage, Events } from "./pages/events";
import { Overview } from "./pages/overview";
import { QueuePage } from "./pages/queue";
import { RunPage } from "./pages/run";
import { Runs } from "./pages/runs";
import { SignIn } from "./pages/sign_in";
import { Empty, Note, Page, Problem, Waiting } from "./parts/basics";
import { Link, match, usePlace } from "./router";
import { onTokenChange, setToken, token } from "./session";

interface Shared {
  integrations: IntegrationName[];
}

interface PageEntry {
  path: string;
  page: (parts: Record<string, string>, shared: Shared) => ReactNode;
}

const pages: PageEntry[] = [
  { path: "/", page: () => <Overview /> },
  { path: "/connections", page: (_, shared) => <Connections {...shared} /> },
  { path: "/connections/new", page: (_, shared) => <ChooseIntegration {...shared} /> },
  { path: "/connections/new/:integration", page: ({ integration }) => <NewConnection key={integration} integration={integration!} /> },
  { path: "/connections/:connection", page: ({ connection }) => <ConnectionPage key={connection} connection={connection!} /> },
  { path: "/debugger", page: (_, shared) => <Debugger {...shared} /> },
  { path: "/debugger/:integration", page: (parts, shared) => <Debugger {...shared} {...parts} /> },
  { path: "/debugger/:integration/:action", page: (parts, shared) => <Debugger {...shared} {...parts} /> },
  { path: "/runs", page: (_, shared) => <Runs {...shared} /> },
  { path: "/runs/:run", page: ({ run }) => <RunPage key={run} run={run!} /> },
  { path: "/events", page: () => <Events /> },
  { path: "/events/:event", page: ({ event }) => <EventPage key={event} event={event!} /> },
  { path: "/queues/:queue", page: ({ queue }) => <QueuePage key={queue} queue={queue!} /> },
];

const menu = [
  { name: "Overview", to: "/", owns: ["/queues"] },
  { name: "Connections", to: "/connections", owns: [] },
  { name: "Debugger", to: "/debugger", owns: [] },
  { name: "Runs", to: "/runs", owns: [] },
  { name: "Events", to: "/events", owns: [] },
];

function isOpen(entry: (typeof menu)[number], path: string) {
  const below = (place: string) => path === place || path.startsWith(`${place}/`);
  return entry.to === "/" ? path === "/" || entry.owns.some(below) : below(entry.to);
}

function pageOf(path: string, shared: Shared): ReactNode {
  for (const entry of pages) {
    const parts = match(entry.path, path);
    if (parts) return entry.page(parts, shared);
  }
  return (
    <Page title="Nothing is here">
      <Empty>
        The hub has no page at this address. <Link to="/">Go to the overview</Link>
      </Empty>
    </Page>
  );
}

// A fault in one page leaves the frame standing.
class Fence extends Component<{ children: ReactNode }, { fault?: Error }> {
  state: { fault?: Error } = {};
  static getDerivedStateFromError(fault: Error) {
    return { fault };
  }
  render() {
    if (!this.state.fault) return this.props.children;
    return (
      <Note tone="bad">
        <p>This page has failed: {this.state.fault.message}</p>
        <button type="button" className="small" onClick={() => window.location.reload()}>
          Load it again
        </button>
      </Note>
    );
  }
}

export function App() {
  const { path } = usePlace();
  const mine = useSyncExternalStore(onTokenChange, token);
  const integrations = useLoad(`integrations of ${mine ? "the token" : "nobody"}`, (signal) => get<{ integrations: IntegrationName[] }>("/v1/integrations", signal));
  if (integrations.problem?.status === 401) return <SignIn />;
  const shared = { integrations: integrations.data?.integrations ?? [] };
  return (
    <div className="frame">
      <a className="skip" href="#content">
        To the content
      </a>
      <header className="side">
        <Link className="brand" to="/">
          <img src="/hub/mark.svg" alt="" width="28" height="28" />
          Junctor
        </Link>
        <nav aria-label="Pages">
          {menu.map((entry) => (
            <Link key={entry.to} to={entry.to} aria-current={isOpen(entry, path) ? "page" : undefined}>
              {entry.name}
            </Link>
          ))}
        </nav>
        {mine && (
          <button type="button" className="small sign-out" onClick={() => setToken("")}>
            Sign out
          </button>
        )}
      </header>
      <main id="content">
        {integrations.loading ? <Waiting /> : (
          <>
            <Problem of={integrations.problem} again={integrations.again} />
            <Fence key={path}>{pageOf(path, shared)}</Fence>
          </>
        )}
      </main>
    </div>
  );
}
