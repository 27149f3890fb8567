// The API token of the person at the hub. It is kept for this tab only and travels in a header only.
const place = "junctor.token";
const listeners = new Set<() => void>();

export const token = () => sessionStorage.getItem(place) ?? "";

export function setToken(text: string) {
  if (text) sessionStorage.setItem(place, text);
  else sessionStorage.removeItem(place);
  for (const listener of listeners) listener();
}

export function onTokenChange(listener: () => void) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
