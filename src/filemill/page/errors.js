/** The two ways in which a request goes wrong, whatever it was about. */

/** The server said no. `name` is its name for the error, `message` its sentence; it may be asked again in `retryAfter` seconds. */
export class Refused extends Error {
  constructor(status, name, sentence, retryAfter = null) {
    super(sentence);
    this.status = status;
    this.name = name;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed a little later. */
  get isPassing() {
    return this.status === 429 || this.status === 503;
  }
}

/** No answer came: the connection is lost, or nobody is there. */
export class Lost extends Error {}

/** What an answer that is no success comes to. */
export function errorOf(status, body, retryAfter) {
  let told;
  try {
    const { data, detail } = JSON.parse(body);
    told = data ?? { error: "Unknown", message: detail }; // the API for jobs has a sentence, but no name
  } catch {
    // Whoever stands in front of the service answers for it in words of its own, and only while it is away.
    return status >= 500 ? new Lost(`answered ${status}`) : new Refused(status, "Unknown", `The server answered ${status}.`);
  }
  const seconds = Number.parseInt(retryAfter ?? "", 10);
  return new Refused(status, told.error, told.message, Number.isNaN(seconds) ? null : seconds);
}
