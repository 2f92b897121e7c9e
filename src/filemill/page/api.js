/** Speaks with the server: one function per address. Each raises Refused or Lost (errors.js). */

import { Lost, errorOf } from "./errors.js";
import { transfer } from "./transfer.js";

/** Begins a session, or goes on with the one that lives -> its CSRF token. */
export async function init() {
  return (await ask("GET", "/session/init")).csrf_token;
}

/** Ends the session: its files are gone. */
export async function close(csrf) {
  await ask("POST", "/session/close", csrf);
}

/** What can become what, and how large a file may be -> {formats: {source: [targets]}, max_size_bytes}. */
export async function formats() {
  return ask("GET", "/convert/formats");
}

/** Sends a file. `told(part)` hears how much is under way, 0 to 1. */
export async function upload(csrf, jobId, file, told, signal) {
  const form = new FormData();
  form.append("job_id", jobId);
  form.append("file", file);
  await transfer("POST", "/upload", { body: form, headers: { "X-CSRF-Token": csrf }, sending: told, signal });
}

/** Has an uploaded file converted -> the conversion's id at every API. */
export async function convert(csrf, jobId, target, signal) {
  return (await ask("POST", "/convert", csrf, { job_id: jobId, target_format: target }, signal)).task_id;
}

/** Stops a conversion; of the APIs for jobs, that for data has the address. */
export async function cancel(taskId) {
  await ask("POST", `/api/v1/jobs/${taskId}/cancel`);
}

/** How a file stands -> {status, error_message, completed_at, taskId}; `taskId` is its newest conversion's, or null. */
export async function status(jobId, signal) {
  const { told, headers } = await exchange("GET", `/job_status?job_id=${jobId}`, { signal });
  return { ...told.data, taskId: headers.get("X-Task-ID") };
}

/** What happened to a conversion after event number `after` -> [{n, at, kind, data}], at most 1,000, oldest first. */
export async function events(taskId, after, signal) {
  return (await exchange("GET", `/api/v1/jobs/${taskId}/events?after=${after}`, { signal })).told;
}

/** How far it is -> {progress, queue_position}. */
export async function progress(jobId, signal) {
  return ask("GET", `/job_progress?job_id=${jobId}`, null, null, signal);
}

/** A token that is good for one download. */
export async function downloadToken(csrf, jobId, signal) {
  return (await ask("POST", "/download_token", csrf, { job_id: jobId }, signal)).download_token;
}

/** Fetches a result -> {blob, disposition}. `told(part)` hears how much has come, 0 to 1. */
export async function download(token, told, signal) {
  const answer = await transfer("GET", `/download?token=${encodeURIComponent(token)}`, { receiving: told, signal });
  return { blob: answer.response, disposition: answer.getResponseHeader("Content-Disposition") ?? "" };
}

async function ask(method, address, csrf = null, body = null, signal = undefined) {
  return (await exchange(method, address, { csrf, body, signal })).told.data;
}

/** One request -> {told, headers}: its answer, read as JSON, and the headers of the answer. */
async function exchange(method, address, { csrf = null, body = null, signal = undefined }) {
  const headers = {};
  if (csrf !== null) headers["X-CSRF-Token"] = csrf;
  if (body !== null) headers["Content-Type"] = "application/json";
  let answer, text;
  try {
    answer = await fetch(address, { method, headers, body: body && JSON.stringify(body), signal, cache: "no-store" });
    text = await answer.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Lost(String(error));
  }
  if (!answer.ok) throw errorOf(answer.status, text, answer.headers.get("Retry-After"));
  return { told: JSON.parse(text), headers: answer.headers };
}
