/** Takes files through: upload, conversion, download; each kind of request in a lane of its own. */

import * as api from "./api.js";
import { Lost, Refused } from "./errors.js";
import { newId } from "./files.js";
import * as history from "./history.js";
import { Lane } from "./lane.js";
import { isOver } from "./session.js";

export class Queue {
  uploads = new Lane();
  conversions = new Lane();
  downloads = new Lane();

  constructor(files, session) {
    this.files = files;
    this.session = session;
  }

  /** Sends a file and has it converted; returns when the server is at it. */
  async start(entry) {
    this.files.set(entry, { status: "waiting", error: null, progress: null });
    await history.keep(entry.record);
    await this.#guarded(entry, async () => {
      await this.uploads.enter(() => this.#upload(entry), entry.abort.signal);
      await this.#convert(entry);
    });
  }

  /** Has a file converted that is on the server: uploaded before a reload, or failed the first time. */
  async convert(entry) {
    this.files.set(entry, { status: "uploaded", error: null, progress: null });
    await this.#guarded(entry, () => this.#convert(entry));
  }

  /** Fetches the result -> {blob, disposition}; null where there is none any more, which the entry then says. */
  async fetch(entry) {
    this.files.set(entry, { saving: 0, error: null });
    let result = null;
    await this.#guarded(entry, async () => {
      result = await this.downloads.enter(() => this.#download(entry), entry.abort.signal);
    });
    this.files.set(entry, { saving: null, isSaved: entry.isSaved || result !== null, downloadToken: null });
    if (entry.status === "completed") await this.#keep(entry);
    return result;
  }

  /** Stops whatever is going on with a file, and forgets it here. What the server has goes with the session. */
  async remove(entry) {
    entry.abort.abort();
    if (entry.status === "processing" && entry.taskId) api.cancel(entry.taskId).catch(() => {}); // it may be done
    const mayBeThere = entry.isOnServer || entry.status === "uploading";
    if (mayBeThere) this.files.hasLeft = true;
    this.files.remove(entry);
    if (mayBeThere) await history.keep({ ...entry.record, status: "removed" });
    else await history.forget(entry.jobId);
  }

  async #upload(entry) {
    if (!entry.isInDoubt || !(await this.#hasArrived(entry))) {
      const told = (part) => this.files.set(entry, { progress: part });
      this.files.set(entry, { status: "uploading", progress: 0 });
      try {
        await this.session.with((csrf) => api.upload(csrf, entry.jobId, entry.file, told, entry.abort.signal));
      } catch (error) {
        this.files.set(entry, { status: "waiting", progress: null });
        if (!(error instanceof Lost)) throw error;
        await readable(entry.file);
        entry.isInDoubt = true;
        if (!(await this.#hasArrived(entry))) throw error;
      }
    }
    await this.#move(entry, { status: "uploaded", progress: null, canRetry: true });
  }

  /**
   * After a connection that broke: whether the server has the file all the same. If not, its id is not used again. Raises
   * whatever keeps it from being known: until it is, nothing is sent.
   */
  async #hasArrived(entry) {
    let isThere = true;
    try {
      await api.status(entry.jobId, entry.abort.signal);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 404) throw error;
      isThere = false;
    }
    entry.isInDoubt = false;
    if (isThere) return true;
    const unused = entry.jobId;
    entry.jobId = newId();
    if (!entry.abort.signal.aborted) await history.replace(unused, entry.record);
    return false;
  }

  async #convert(entry) {
    await this.conversions.enter(async () => {
      try {
        const { jobId, target, abort } = entry;
        entry.taskId = await this.session.with((csrf) => api.convert(csrf, jobId, target, abort.signal));
      } catch (error) {
        // The answer was lost, not the request: the server is at it already.
        const isUnderWay = error instanceof Refused && error.status === 400 && (await this.#isUnderWay(entry));
        if (!isUnderWay) throw error;
      }
    }, entry.abort.signal);
    await this.#move(entry, { status: "processing", progress: null, place: null, canRetry: true });
  }

  async #isUnderWay(entry) {
    const { status } = await api.status(entry.jobId, entry.abort.signal);
    return status === "processing" || status === "completed";
  }

  async #download(entry) {
    const signal = entry.abort.signal;
    entry.downloadToken = await this.session.with((csrf) => api.downloadToken(csrf, entry.jobId, signal));
    await this.#keep(entry);
    return api.download(entry.downloadToken, (part) => this.files.set(entry, { saving: part }), signal);
  }

  async #move(entry, changes) {
    this.files.set(entry, changes);
    await this.#keep(entry);
  }

  /** Remembers an entry, unless it was removed or its session ended meanwhile. */
  async #keep(entry) {
    if (!entry.abort.signal.aborted) await history.keep(entry.record);
  }

  /** Whatever goes wrong is the entry's to tell, except that it was removed or the session is over. */
  async #guarded(entry, act) {
    try {
      await act();
    } catch (error) {
      if (entry.abort.signal.aborted) return;
      if (isOver(error)) this.session.over();
      else await this.#fail(entry, error);
    }
  }

  async #fail(entry, error) {
    const told = { name: error.name, message: error.message };
    const isGone = error instanceof Refused && error.status === 404;
    if (entry.status === "completed" && !isGone) {
      this.files.set(entry, { error: told }); // its download went wrong, it did not
      return;
    }
    const canRetry = entry.status === "uploaded" && !isGone;
    this.files.set(entry, { status: "failed", error: told, progress: null, place: null, canRetry });
    if (canRetry) await this.#keep(entry);
    else await history.forget(entry.jobId);
  }
}

/** The browser tells a file that was changed or moved as a broken connection. Raises what is really wrong with it. */
async function readable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch (error) {
    throw Object.assign(new Error("unreadable", { cause: error }), { name: "Unreadable" });
  }
}
