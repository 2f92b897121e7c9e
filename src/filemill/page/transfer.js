/** Moves files. By XMLHttpRequest: fetch cannot tell how much of a body is sent. */

import { Lost, errorOf } from "./errors.js";

/**
 * One request with a large body or answer -> the finished XMLHttpRequest, its answer as a Blob.
 * `sending` and `receiving` hear how much is done, 0 to 1. Raises Refused, Lost and, when aborted, the signal's reason.
 */
export function transfer(method, address, { body = null, headers = {}, sending, receiving, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open(method, address);
    request.responseType = "blob";
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (sending) request.upload.onprogress = (event) => sending(partOf(event));
    if (receiving) request.onprogress = (event) => receiving(partOf(event));
    request.onload = async () => {
      if (request.status < 400) resolve(request);
      else reject(errorOf(request.status, await request.response.text(), request.getResponseHeader("Retry-After")));
    };
    request.onerror = () => reject(new Lost("the connection broke"));
    request.onabort = () => reject(signal.reason);
    request.onloadend = () => signal?.removeEventListener("abort", abort);
    signal?.throwIfAborted();
    signal?.addEventListener("abort", abort);
    request.send(body);
  });
}

function partOf(event) {
  return event.lengthComputable && event.total > 0 ? event.loaded / event.total : 0;
}
