// @ts-check
/** Sends a file by the form that the API has signed. */

/** @typedef {{share: number, stop?: (() => void) | null}} Sent How much is sent, from 0 to 1, and what stops it. */

/** How long an upload may stand still, in milliseconds. */
const STILL = 30_000;

/**
 * Sends the form, and tells how far it is.
 * @param {any} upload @param {File} file @param {Sent} entry @param {() => void} moved
 * @returns {Promise<number>} The status of the answer; 0 if there was none.
 */
export function post({ method, url, fields, headers }, file, entry, moved) {
  return new Promise((resolve) => {
    const form = new FormData();
    Object.entries(fields ?? {}).forEach(([name, value]) => form.append(name, String(value)));
    form.append('file', file);
    const request = new XMLHttpRequest();
    let timer = setTimeout(() => request.abort(), STILL);
    request.open(method, url);
    Object.entries(headers ?? {}).forEach(([name, value]) => request.setRequestHeader(name, String(value)));
    request.upload.onprogress = ({ loaded, total }) => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), STILL);
      entry.share = total ? loaded / total : 0;
      moved();
    };
    request.onloadend = () => {
      clearTimeout(timer);
      resolve(request.status);
    };
    entry.stop = () => request.abort();
    request.send(form);
  });
}

/** Whether a file is still there, as it was when it was chosen. @param {File} file */
export const readable = (file) => file.slice(0, 1).arrayBuffer().then(() => true, () => false);

