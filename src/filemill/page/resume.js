/** After a reload: puts back what the browser remembers, as far as the server still knows it. */

import * as api from "./api.js";
import { Refused } from "./errors.js";
import { Entry } from "./files.js";
import * as history from "./history.js";
import { notesOf } from "./notes.js";
import * as tabs from "./tabs.js";

/**
 * -> {entries, hasLeft}: those that go on, and whether the server still has any that was taken off the list. Raises Lost,
 * and a 401 where the session they belong to is over. Files of another session are forgotten; `lost(names)` hears of them.
 */
export async function remembered(lost) {
  const others = await tabs.others();
  const entries = [];
  const gone = [];
  let hasLeft = false;
  for (const record of await history.all()) {
    const entry = new Entry(record.original_filename, null, record.target_format, record.job_id, record.timestamp);
    const told = await statusOf(record.job_id);
    if (record.status === "removed") {
      hasLeft ||= told !== null;
      if (told === null) await history.forget(record.job_id);
      continue;
    }
    if (told) {
      entry.status = told.status;
      entry.canRetry = told.status === "failed" || told.status === "uploaded";
      if (told.status === "completed") entry.notes = await notesOf(told.taskId);
      if (told.status === "failed") entry.error = { name: "ConversionFailed", message: told.error_message ?? "" };
    } else if (record.status === "waiting") {
      if (others) continue; // it may be that tab's, which still has the file
      entry.status = "missing";
    } else {
      gone.push(record.original_filename);
      await history.forget(record.job_id);
      continue;
    }
    entries.push(entry);
  }
  if (gone.length) lost(gone);
  return { entries, hasLeft };
}

async function statusOf(jobId) {
  try {
    return await api.status(jobId);
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}
