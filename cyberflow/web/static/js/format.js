// How times, sizes, statuses and ids read. Pure: the present is an argument.

export const LIVE_LABELS = { scheduling: "Scheduling", running: "Running", running_checks: "Checking" };
export const FINAL_LABELS = { success: "Success", task_failed: "Task failed", error: "Error", cancelled: "Cancelled" };
const LABELS = { ...LIVE_LABELS, ...FINAL_LABELS, pending: "Pending", waiting: "Waiting", sending: "Sending", accepted: "Running", refused: "Refused", skipped: "Left out", connected: "Connected", disconnected: "Disconnected", failed: "Failed", infra_error: "Error" };

// A status that is not known to be final is live, as everywhere in cyberflow.
export function isLive(status) {
  return !Object.hasOwn(FINAL_LABELS, status);
}

export function label(status) {
  return Object.hasOwn(LABELS, status) ? LABELS[status] : String(status);
}

export function duration(milliseconds) {
  if (!Number.isFinite(milliseconds) || milliseconds < 0) return "–";
  if (milliseconds < 9950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
  return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, "0")} min`;
}

// A duration that is still counting, to whole seconds, so that it does not flicker.
export function counting(milliseconds) {
  return duration(Math.max(0, Math.floor(milliseconds / 1000) * 1000)).replace(/\.0 s$/, " s");
}

export function span(from, to) {
  return Date.parse(to) - Date.parse(from);
}

export function ago(instant, now) {
  const seconds = Math.round((now - Date.parse(instant)) / 1000);
  if (Number.isNaN(seconds)) return "";
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  const days = Math.floor(seconds / 86400);
  return days < 14 ? `${days} d ago` : new Date(instant).toLocaleDateString(undefined, { dateStyle: "medium" });
}

export function moment(instant) {
  const date = new Date(instant);
  return Number.isNaN(date.getTime()) ? String(instant) : date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

export function size(bytes) {
  if (!Number.isFinite(bytes)) return "";
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(bytes < 1e4 ? 1 : 0)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

export function short(id) {
  return String(id).slice(0, 8);
}

export function errorsOf(run) {
  return [run.error ?? []].flat().map(String);
}

export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}
