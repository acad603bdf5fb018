// Ask again and again: fast while something is live, slower when nothing changes, not at all while the page is hidden.

export const PACE = { live: 1000, still: 2000, slowest: 5000, failing: 15000 };

// The next wait: `busy` says that something is live, `quiet` counts the asks in a row that brought nothing new.
export function pace(busy, quiet) {
  return busy ? PACE.live : Math.min(PACE.slowest, PACE.still + 250 * quiet);
}

// `ask` answers the milliseconds to wait; when it throws, `fail` is told and the wait grows. Answers { now, stop }.
export function poll(ask, fail) {
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
    timer = setTimeout(turn, again ? 0 : wait);
    again = false;
  }

  function seen() {
    if (document.hidden) clearTimeout(timer);
    else turn();
  }

  document.addEventListener("visibilitychange", seen);
  turn();
  return {
    now: turn,
    stop() {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    },
  };
}
