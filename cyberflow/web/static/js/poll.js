// Ask again when something changed, and else again and again: fast while something is live, slower when nothing changes,
// not at all while the page is hidden.

import { isStreaming, onChange } from "./events.js";

const STREAMED = 30000;
const GAP = 400;

export const PACE = { live: 1000, still: 2000, slowest: 5000, failing: 15000 };

// The next wait: `busy` says that something is live, `quiet` counts the asks in a row that brought nothing new.
export function pace(busy, quiet) {
  return busy ? PACE.live : Math.min(PACE.slowest, PACE.still + 250 * quiet);
}

// `ask` answers the milliseconds to wait; when it throws, `fail` is told and the wait grows. `names` are the numbers of
// the stream that it shows; where they come, asking waits for them. Answers { now, stop }.
export function poll(ask, fail, names = ["platform"]) {
  let timer = null;
  let stopped = false;
  let asking = false;
  let again = false;
  let failures = 0;

  async function turn() {
    clearTimeout(timer);
    if (stopped || document.hidden) return;
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    let wait;
    try {
      wait = await ask();
      failures = 0;
    } catch (error) {
      failures += 1;
      wait = Math.min(PACE.failing, 1000 * 2 ** failures);
      if (!stopped) fail(error);
    }
    asking = false;
    if (stopped || document.hidden) return;
    const next = failures || !isStreaming() ? wait : STREAMED;
    timer = setTimeout(turn, again ? GAP : next);
    again = false;
  }

  function seen() {
    if (document.hidden) clearTimeout(timer);
    else turn();
  }

  document.addEventListener("visibilitychange", seen);
  const deaf = onChange(names, turn);
  turn();
  return {
    now: turn,
    stop() {
      stopped = true;
      deaf();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    },
  };
}
