// @ts-check
/**
 * The voter's link. Its fragment holds the ballot token, which is never sent as part of a URL: it moves to the memory of this tab, and the
 * address bar is cleaned.
 */

const PLACE = 'photovote.ballot-token';
const FORM = /^pvb_[0-7][0-9A-HJ-KM-NP-TV-Z]{25}_[0-7][0-9A-HJ-KM-NP-TV-Z]{25}_[0-9a-f]{64}$/;

/** What the link said: a token, nothing, or something else. @returns {{token: string | null, wrong: boolean, rehearsal: boolean}} */
export function takeToken() {
  const fragment = decode(location.hash.slice(1)).trim();
  if (fragment === 'rehearsal') return { token: null, wrong: false, rehearsal: true };
  if (fragment) {
    history.replaceState(null, '', location.pathname);
    const good = FORM.test(fragment);
    if (good) sessionStorage.setItem(PLACE, fragment);
    else sessionStorage.removeItem(PLACE);
  }
  const token = sessionStorage.getItem(PLACE);
  return { token, wrong: Boolean(fragment) && !token, rehearsal: false };
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
