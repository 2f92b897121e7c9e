/** Asks how the files are that the server is at, and now and then whether the session still lives. */

import * as api from "./api.js";
import { Lost, Refused } from "./errors.js";
import * as history from "./history.js";
import { pause, pauseAfter } from "./lane.js";
import { notesOf } from "./notes.js";
import { isOver } from "./session.js";

const SOONEST = 0.3;
const LATEST = 3;
const IDLE = 60;

/** Watches until the page is left. `connection(isLost)` hears whether the server can be reached. */
export async function watch(files, session, connection) {
  let seconds = SOONEST;
  let attempt = 0;
  files.addEventListener("entry", ({ detail }) => {
    if (detail.entry.status === "processing" && detail.was !== "processing") seconds = SOONEST;
  });
  for (let idle = 0; ; idle += seconds) {
    await pause(seconds, undefined, true);
    const going = files.of("processing");
    try {
      for (const entry of going) await look(files, entry);
      if (going.length === 0 && idle >= IDLE) {
        idle = 0;
        await stillThere(files);
      }
      attempt = 0;
      seconds = Math.min(seconds * 1.25, LATEST);
      connection(false);
    } catch (error) {
      if (isOver(error)) session.over();
      if (error instanceof Lost) connection(true);
      seconds = pauseAfter(error, attempt++) ?? LATEST;
    }
  }
}

/** One look at one file. Raises what went wrong, except that the file is gone: that is told by the entry. */
export async function look(files, entry) {
  try {
    const told = await api.status(entry.jobId);
    if (told.status !== "processing") return await end(files, entry, told);
    const { progress, queue_position: place } = await api.progress(entry.jobId);
    if (entry.status === "processing") files.set(entry, { progress: progress || null, place });
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 404) throw error;
    files.set(entry, { status: "failed", error: { name: error.name, message: "" }, canRetry: false });
    await history.forget(entry.jobId);
  }
}

async function end(files, entry, told) {
  const isAwaited = () => entry.status === "processing" && !entry.abort.signal.aborted; // what was removed stays away
  if (!isAwaited()) return;
  const notes = told.status === "completed" ? await notesOf(told.taskId) : [];
  if (!isAwaited()) return;
  const error = told.status === "failed" ? { name: "ConversionFailed", message: told.error_message ?? "" } : null;
  files.set(entry, { status: told.status, error, notes, progress: null, place: null, canRetry: told.status === "failed" });
  await history.keep(entry.record);
}

/** Raises a 401 where the session is over: results that are shown must be there. */
export async function stillThere(files) {
  const [entry] = files.of("completed");
  if (entry) await look(files, entry);
}
