// JSON to read: coloured, in a box of its own that scrolls, with a button to copy it.
import { useMemo, useState, type ReactNode } from "react";

import type { Json } from "../api";

const most = 200_000;
const token = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

function coloured(text: string): ReactNode[] {
  const out: ReactNode[] = [];
  let last = 0;
  for (const found of text.matchAll(token)) {
    out.push(text.slice(last, found.index));
    const kind = found[2] ? "key" : found[1] ? "text" : found[3] ? "word" : "number";
    out.push(
      <span key={found.index} className={`j-${kind}`}>
        {found[1] ?? found[0]}
      </span>,
    );
    if (found[2]) out.push(found[2]);
    last = found.index + found[0].length;
  }
  out.push(text.slice(last));
  return out;
}

export function CopyButton({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  if (!navigator.clipboard) return null;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), 1_500);
    } catch {
      setCopied(false);
    }
  };
  return (
    <button type="button" className="small copy" onClick={() => void copy()}>
      {copied ? "Copied" : "Copy"}
    </button>
  );
}

export function JsonView({ value, label }: { value: Json | undefined; label: string }) {
  const text = useMemo(() => (typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "")), [value]);
  const shown = text.length > most ? text.slice(0, most) : text;
  const content = useMemo(() => (typeof value === "string" ? shown : coloured(shown)), [value, shown]);
  return (
    <div className="json">
      <CopyButton text={text} />
      <pre tabIndex={0} role="region" aria-label={label}>
        {content}
      </pre>
      {shown !== text && <p className="quiet">Only the first {most.toLocaleString("en")} characters are shown.</p>}
    </div>
  );
}
