/** The session: begun when it is needed, its CSRF token in memory alone, and whoever listens hears when it is over. */

import * as api from "./api.js";
import { Refused } from "./errors.js";

/** Whether an error says that there is no session (any more). */
export function isOver(error) {
  return error instanceof Refused && error.status === 401;
}

/** A session that is over as soon as it has begun: its cookie was not kept. Raises what is really wrong. */
function cookieless(error) {
  if (isOver(error)) throw new Refused(400, "NoCookie", "");
  throw error;
}

export class Session extends EventTarget {
  #token = null;

  /** `holdsFiles()` says whether there is anything on the server that would be lost with the session. */
  constructor(holdsFiles) {
    super();
    this.holdsFiles = holdsFiles;
  }

  /** Begins a session, or goes on with the one that lives. */
  begin() {
    this.#token ??= api.init().catch((error) => {
      this.#token = null;
      throw error;
    });
    return this.#token;
  }

  /** Carries out `call(token)`; once more where the token was an older session's and nothing is lost by a new one. */
  async with(call) {
    const used = this.begin();
    try {
      return await call(await used);
    } catch (error) {
      const isOlder = error instanceof Refused && error.name === "CSRFValidationError";
      if (!isOlder && !(isOver(error) && !this.holdsFiles())) throw error;
      if (this.#token === used) this.#token = null;
      return call(await this.begin()).catch(cookieless);
    }
  }

  /** Whether the browser has kept the session's cookie: without it the server answers with another session's token. */
  async isKept() {
    const token = await this.begin();
    return (await api.init()) === token;
  }

  /** Takes note that the session is over. */
  over() {
    this.#token = null;
    this.dispatchEvent(new Event("over"));
  }

  /** Ends it. One that is over already is ended as well. */
  async close() {
    try {
      await api.close(await this.begin());
    } catch (error) {
      if (!isOver(error)) throw error;
    }
    this.#token = null;
  }
}
