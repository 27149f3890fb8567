// Where the hub is: the path below /hub, and how to go elsewhere without loading the page again.
import { useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from "react";

const base = "/hub";
const moved = "junctor:moved";

function subscribe(listener: () => void) {
  window.addEventListener("popstate", listener);
  window.addEventListener(moved, listener);
  return () => {
    window.removeEventListener("popstate", listener);
    window.removeEventListener(moved, listener);
  };
}

export function navigate(to: string, how: "push" | "replace" = "push") {
  if (how === "push") window.history.pushState(null, "", base + to);
  else window.history.replaceState(null, "", base + to);
  window.dispatchEvent(new Event(moved));
  if (how === "push") window.scrollTo(0, 0);
}

export function usePlace(): { path: string; query: URLSearchParams } {
  const href = useSyncExternalStore(subscribe, () => window.location.pathname + window.location.search);
  const url = new URL(href, window.location.origin);
  return { path: url.pathname.slice(base.length) || "/", query: url.searchParams };
}

// "/runs/:run" against "/runs/7": {run: "7"}; null where it does not fit.
export function match(template: string, path: string): Record<string, string> | null {
  const wanted = template.split("/").filter(Boolean);
  const given = path.split("/").filter(Boolean);
  if (wanted.length !== given.length) return null;
  const out: Record<string, string> = {};
  for (const [i, word] of wanted.entries()) {
    if (!word.startsWith(":")) {
      if (word !== given[i]) return null;
      continue;
    }
    try {
      out[word.slice(1)] = decodeURIComponent(given[i]!);
    } catch {
      return null;
    }
  }
  return out;
}

export function Link({ to, ...rest }: { to: string } & AnchorHTMLAttributes<HTMLAnchorElement>) {
  const go = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return <a href={base + to} onClick={go} {...rest} />;
}
