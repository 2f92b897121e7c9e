/** What the server said about a conversion: the warnings among its events, each as a sentence. */

import * as api from "./api.js";
import { Refused } from "./errors.js";
import { isOver } from "./session.js";
import { UNKNOWN_NOTES, sentence } from "./words.js";

const MOST_EVENTS = 1000; // of one answer

/**
 * The warnings of a conversion that is completed, each sentence once. Raises Lost, a 401, and what passes in a while; any
 * other refusal becomes the one sentence that says so, as the result is there all the same.
 */
export async function notesOf(taskId) {
  try {
    return warningsOf(await eventsOf(taskId));
  } catch (error) {
    if (!(error instanceof Refused) || error.isPassing || isOver(error)) throw error;
    return [UNKNOWN_NOTES];
  }
}

async function eventsOf(taskId) {
  const all = [];
  for (let some; some === undefined || some.length === MOST_EVENTS; all.push(...some)) {
    some = await api.events(taskId, all.at(-1)?.n ?? 0);
  }
  return all;
}

/** Of the last run alone: what an earlier one said is of a result that nobody gets. */
function warningsOf(events) {
  const begun = events.findLastIndex(({ kind, data }) => kind === "moved" && "run" in data);
  const warnings = events.slice(begun + 1).filter(({ kind }) => kind === "warning");
  return [...new Set(warnings.map(({ data }) => sentence(data.message)))];
}
