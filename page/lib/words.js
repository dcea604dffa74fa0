// @ts-check
/**
 * The words of the page, and how dates and numbers are written. The language is the reader's choice, or the first of the browser's
 * languages that there is a file for.
 */

/** Languages that there is a file for, each by its own name. */
export const LANGUAGES = { en: 'English', de: 'Deutsch', fr: 'Français', es: 'Español' };

const CHOICE = 'photovote.language';

/** @returns {keyof typeof LANGUAGES} */
function chosen() {
  const wishes = [read(CHOICE), ...navigator.languages];
  const found = wishes.map((wish) => wish?.split('-')[0]).find((wish) => wish && wish in LANGUAGES);
  return /** @type {keyof typeof LANGUAGES} */ (found ?? 'en');
}

/** @param {string} name */
function read(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

export const language = chosen();
// The administrator's page has words that voters need not load.
const folders = ['../words', ...(document.documentElement.dataset.words === 'admin' ? ['../admin/words'] : [])];
/** @type {Record<string, string | Record<string, string>>} */
const texts = Object.assign({}, ...(await Promise.all(folders.map((folder) => import(`${folder}/${language}.js`)))).map((file) => file.default));
const plural = new Intl.PluralRules(language);
// Dates and numbers as the reader's region writes them, if it speaks the page's language.
export const locale = navigator.languages.find((wish) => wish.split('-')[0] === language) ?? language;

document.documentElement.lang = language;

/**
 * The words of a key. `{name}` stands for a value; `{count}` chooses between the forms of a plural.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const found = texts[key];
  if (found === undefined) return key;
  const text = typeof found === 'string' ? found : (found[plural.select(Number(values.count))] ?? found.other);
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === 'number' ? number(value) : String(value ?? '');
  });
}

/** Whether there are words of a key. @param {string} key */
export const has = (key) => key in texts;

/** @param {string} wish */
export function choose(wish) {
  localStorage.setItem(CHOICE, wish);
  location.reload();
}

/** @param {number} value @param {Intl.NumberFormatOptions} [options] */
export function number(value, options) {
  return new Intl.NumberFormat(locale, options).format(value);
}

/**
 * A moment in the reader's own zone: with the weekday if it is near, otherwise with the date.
 * @param {Date} moment @param {number} now
 */
export function moment(moment, now) {
  const near = Math.abs(moment.getTime() - now) < 6 * 86_400_000;
  const day = near ? { weekday: 'long' } : { day: 'numeric', month: 'long', year: 'numeric' };
  return new Intl.DateTimeFormat(locale, /** @type {Intl.DateTimeFormatOptions} */ ({ ...day, hour: 'numeric', minute: '2-digit' })).format(moment);
}

/** A moment with everything that makes it clear. @param {Date} moment */
export function exactly(moment) {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'long' }).format(moment);
}

/**
 * The words for a problem that the API has answered, in the reader's language.
 * @param {{code: string, detail?: string, values?: Record<string, string | number>, words?: string}} problem
 *   `words` are others than those of its code.
 */
export function problemWords({ code, detail, values, words = code }) {
  const key = `problem.${words}`;
  return has(key) ? t(key, values) : t('problem.other', { detail: detail ?? '' });
}
