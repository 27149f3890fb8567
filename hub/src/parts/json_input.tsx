// JSON to write, as text. What cannot be read yet is said below it.
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
  const tidy = () => {
    if (text.trim() && !jsonFault(text)) onChange(JSON.stringify(JSON.parse(text), null, 2));
  };
  return (
    <textarea {...tied} className="code" rows={Math.min(24, Math.max(rows, text.split("\n").length))} spellCheck={false} autoCapitalize="off"
      autoComplete="off" value={text} placeholder={placeholder} onBlur={tidy} onChange={(event) => onChange(event.target.value)} />
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
