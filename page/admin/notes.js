// @ts-check
/** What this tab knows of photographs beside the server: titles that are being checked, and how large each file is. */

/** @typedef {{title?: string, caption?: string, alt?: string, bytes?: number}} Note */

/** @param {string} place @returns {Record<string, Note>} */
export function readNotes(place) {
  try {
    return JSON.parse(sessionStorage.getItem(place) ?? '{}');
  } catch {
    return {};
  }
}

/** @param {string} place @param {Record<string, Note>} notes */
export function keepNotes(place, notes) {
  try {
    if (Object.keys(notes).length) sessionStorage.setItem(place, JSON.stringify(notes));
    else sessionStorage.removeItem(place);
  } catch {
    // The tab's memory is full: what is written lasts as long as the page.
  }
}
