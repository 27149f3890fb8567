// JSON to write, as text. What cannot be read yet is said below it. It stays as it was typed: rewritten on
// leaving, it would grow, and the button that was about to be clicked would move away.
import { Control, type Tied } from "./control";

export function jsonFault(text: string): string {
  if (!text.trim()) return "";
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    return `This is no JSON yet: ${(error as Error).message}`;
  }
}

export function JsonArea({ tied, text, rows = 4, onChange, placeholder }: { tied: Tied; text: string; rows?: number; onChange: (text: string) => void; placeholder?: string }) {
  return (
    <textarea {...tied} className="code" rows={Math.min(24, Math.max(rows, text.split("\n").length))} spellCheck={false} autoCapitalize="off"
      autoComplete="off" value={text} placeholder={placeholder} onChange={(event) => onChange(event.target.value)} />
  );
}

export function JsonInput({ label, help, error, required, text, rows, onChange, placeholder }: {
  label: string;
  help?: string;
  error?: string;
  required?: boolean;
  text: string;
  rows?: number;
  onChange: (text: string) => void;
  placeholder?: string;
}) {
  return (
    <Control label={label} help={help} required={required} error={error || jsonFault(text)}>
      {(tied) => <JsonArea tied={tied} text={text} rows={rows} onChange={onChange} placeholder={placeholder} />}
    </Control>
  );
}
