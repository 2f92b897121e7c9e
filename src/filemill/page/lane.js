/** Does one thing after another, and waits where the server asks for it or cannot be reached. */

import { Lost, Refused } from "./errors.js";

const LONGEST_PAUSE = 30;
const MOST_WITHOUT_WORD = 60; // a 429 without Retry-After: the server counts by the minute

/** Seconds to wait after this error before the same may be tried again; null where that is no use. */
export function pauseAfter(error, attempt) {
  if (error instanceof Lost) return Math.min(2 ** attempt, LONGEST_PAUSE);
  if (error instanceof Refused && error.isPassing) return error.retryAfter ?? MOST_WITHOUT_WORD;
  return null;
}

/** Raises the signal's reason as soon as it is aborted; ends early when the browser says that it is online again. */
export function pause(seconds, signal, wakesOnline = false) {
  return new Promise((resolve, reject) => {
    const end = (finish) => () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      removeEventListener("online", go);
      finish();
    };
    const go = end(resolve);
    const stop = end(() => reject(signal.reason));
    const timer = setTimeout(go, seconds * 1000);
    signal?.addEventListener("abort", stop);
    if (wakesOnline) addEventListener("online", go);
    if (signal?.aborted) stop();
  });
}

/** A line of tasks of one kind. While it waits, `until` is when it goes on (ms since 1970) and `why` the error. */
export class Lane extends EventTarget {
  #last = Promise.resolve();
  until = 0;
  why = null;

  /** Carries out a task when its turn has come, as often as it takes -> what the task gives. */
  enter(task, signal) {
    const turn = this.#last.then(() => this.#keepOn(task, signal));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #keepOn(task, signal) {
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      try {
        return await task();
      } catch (error) {
        const seconds = pauseAfter(error, attempt);
        if (seconds === null) throw error;
        await this.#wait(seconds, error, signal);
      }
    }
  }

  async #wait(seconds, error, signal) {
    this.#say(Date.now() + seconds * 1000, error);
    try {
      await pause(seconds, signal, error instanceof Lost);
    } finally {
      this.#say(0, null);
    }
  }

  #say(until, why) {
    this.until = until;
    this.why = why;
    this.dispatchEvent(new Event("wait"));
  }
}
