// Numbers and times as people read them.

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${(count / 1024).toFixed(count < 10_240 ? 1 : 0)} KiB`;
  return `${(count / 1024 / 1024).toFixed(1)} MiB`;
}

export function microseconds(us: number): string {
  if (us < 1_000) return `${us} µs`;
  return milliseconds(us / 1_000);
}

export function milliseconds(ms: number): string {
  if (ms < 1) return "< 1 ms";
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
  return `${Math.floor(ms / 3_600_000)} h ${Math.round((ms % 3_600_000) / 60_000)} min`;
}

export function ago(at: Date, now = Date.now()): string {
  const seconds = Math.round((now - at.getTime()) / 1_000);
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  const days = Math.floor(seconds / 86_400);
  return days === 1 ? "yesterday" : `${days} days ago`;
}

export const number = (value: number) => value.toLocaleString("en");

// "needs_vars" to "needs vars".
export const words = (text: string) => text.replaceAll("_", " ");

export const duration = (from: string, to: string | null) =>
  to ? milliseconds(Math.max(0, Date.parse(to) - Date.parse(from))) : "";
